import { toDocument } from '@steadfleet/base'
import type { HygieneFinding, HygieneRecord } from '@steadfleet/domain'
import { isOfTree } from '@steadfleet/evidence/hygiene'
import type { JudgedFinding } from './hygiene.ts'

/**
 * The findings as the release's record names them. Those about where it was packed, or about the revision before,
 * are told and not kept: a rebuild elsewhere must give the same bytes.
 */
export function toHygieneBytes(findings: readonly JudgedFinding[]): Uint8Array {
  const record: HygieneRecord = {
    type: 'hygiene',
    format: 1,
    findings: findings.filter(isOfTree).map(toFinding),
  }
  return toDocument(record)
}

function toFinding({ rule, path, severity, words, accepted }: JudgedFinding): HygieneFinding {
  return {
    finding: rule,
    path,
    severity,
    words: words.slice(0, 1000),
    ...(accepted !== undefined && { accepted: accepted.slice(0, 1000) }),
  }
}
