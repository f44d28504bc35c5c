import type { GroupConditions } from '@steadfleet/protocol'

/** What a person writes to say who is in a group; empty says nothing. */
export interface GroupDraft {
  readonly name: string
  readonly prefix: string
  readonly model: string
  readonly architecture: 'amd64' | 'arm64' | null
  /** As people write them: `site=north, floor=2`. */
  readonly attributes: string
}

export const emptyGroup: GroupDraft = {
  name: '',
  prefix: '',
  model: '',
  architecture: null,
  attributes: '',
}

/** The form of a group's name. */
const nameForm = /^[a-z][a-z0-9-]{0,39}$/

/** What is wrong with a draft, in words; undefined where it can be saved. */
export function faultIn({ name, attributes }: GroupDraft): string | undefined {
  if (!nameForm.test(name)) return 'A name begins with a small letter: a to z, 0 to 9 and hyphens.'
  const isPair = (part: string): boolean => /^[^=]+=.+$/.test(part)
  if (!partsOf(attributes).every(isPair)) return 'Attributes are written as site=north, floor=2.'
  return undefined
}

/** The conditions that a draft states. */
export function conditionsOf(draft: GroupDraft): GroupConditions {
  const { prefix, model, architecture } = draft
  const attributes = Object.fromEntries(
    partsOf(draft.attributes).map(part => {
      const at = part.indexOf('=')
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()]
    }),
  )
  return {
    ...(model.trim() && { model: model.trim() }),
    ...(architecture && { architecture }),
    ...(prefix.trim() && { 'name-prefix': prefix.trim() }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  }
}

/** Conditions as a sentence's part: "name begins with east, site is north"; all devices where none. */
export function wordsFor({
  model,
  architecture,
  attributes = {},
  ...rest
}: GroupConditions): string {
  const words = [
    ...(rest['name-prefix'] === undefined ? [] : [`name begins with ${rest['name-prefix']}`]),
    ...(model === undefined ? [] : [`model is ${model}`]),
    ...(architecture === undefined ? [] : [`architecture is ${architecture}`]),
    ...Object.entries(attributes).map(([name, value]) => `${name} is ${value}`),
  ]
  return words.join(', ') || 'every device'
}

function partsOf(attributes: string): string[] {
  return attributes
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}
