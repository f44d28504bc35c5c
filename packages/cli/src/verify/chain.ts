import type { Digest } from '@steadfleet/base'
import type { ReleaseRecord } from '@steadfleet/domain'
import type { Lock, OpenedProvenance } from '@steadfleet/evidence'
import { verifyInputs, verifyProvenance } from './build-links.ts'
import { verifyCatalogue } from './catalogue-links.ts'
import type { OnLink } from './link.ts'
import { type PinnedLog, verifyLogged } from './log-link.ts'
import { verifyRecord, verifySbom, verifyTree } from './record-links.ts'
import type { ReleaseEvidence } from './release-evidence.ts'

/** What a verifier knows beforehand: nothing of it comes with the evidence. */
export interface Pins {
  readonly root: Digest
  readonly log: PinnedLog
}

/** A release whose whole chain holds. */
export interface VerifiedRelease {
  readonly record: ReleaseRecord
  readonly provenance: OpenedProvenance
  readonly lock: Lock | undefined
}

/** Follows the chain from the pinned root to the inputs of the build; the first broken link throws. */
export async function verifyChain(
  evidence: ReleaseEvidence,
  { root, log }: Pins,
  onLink: OnLink,
): Promise<VerifiedRelease> {
  const published = await verifyCatalogue(evidence, root, onLink)
  onLink(verifyLogged(evidence.log, log, root, published.target))
  const record = verifyRecord(evidence, published.target)
  onLink(record.link)
  onLink(verifyTree(evidence, record.value))
  onLink(verifySbom(evidence, record.value))
  const provenance = verifyProvenance(evidence, record.value, published)
  onLink(provenance.link)
  const inputs = verifyInputs(evidence, provenance.value)
  onLink(inputs.link)
  return { record: record.value, provenance: provenance.value, lock: inputs.value }
}
