/** What a person writes to say who is in a group. */
export interface GroupDraft {
  readonly name: string
  readonly query: string
}

export const emptyGroup: GroupDraft = { name: '', query: '' }

/** The form of a group's name. */
const nameForm = /^[a-z][a-z0-9-]{0,39}$/

/** What is wrong with a draft, in words; undefined where the server may be asked. */
export function faultIn({ name, query }: GroupDraft): string | undefined {
  if (!nameForm.test(name)) return 'A name begins with a small letter: a to z, 0 to 9 and hyphens.'
  if (query.trim() === '') return 'A group asks something; true is every device.'
  return undefined
}
