import type { Change, Draft } from '@steadfleet/authority'
import { parseEnvelopeBytes, reopenPolicy, trustPolicy } from '@steadfleet/trust'
import { changesBetween } from '../catalogue/policy-changes.ts'

/** What a draft changes in the owner's policy, in the words of `policy show`: a line for each thing. */
export function policyInWords({ documents, held }: Draft): string[] {
  const next = documents.find(({ kind }) => kind === 'policy')
  const file = held.get('policy')
  if (!next || !file) return []
  const before = reopenPolicy(parseEnvelopeBytes(file))
  return changesBetween(before, trustPolicy(next.content, 'policy draft'))
}

const party = '(from|to)\\.(catalogue|publisher)'
const worded = new RegExp(
  `^(catalogues\\[[^\\]]*\\]\\.(name|root|(allowed|refused)\\[.*\\])|adoptions\\[.*\\]\\.(package|floor|${party})|ceiling\\..*)$`,
)

/** Whether those words say all of this change. What a later policy may add to it is told place by place. */
export function isInPolicyWords(document: string, { place }: Change): boolean {
  return document === 'policy' && worded.test(place)
}
