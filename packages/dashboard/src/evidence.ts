import type { Finding } from '@steadfleet/domain'

const kinds: Readonly<Record<Finding['kind'], string>> = {
  failed: 'failed to take it',
  'rolled back': 'took it and went back',
  crashed: 'crashed after all was well',
  silent: 'fell silent',
}

/** A finding of the halting test in words, and how near it is to halting the rollout, in whole per cent. */
export function evidenceOf({ kind, seen, moved, expected, evidence, bound }: Finding): {
  readonly what: string
  readonly share: string
  readonly weight: number
} {
  const allowed = `${Number((expected * 100).toPrecision(2))} % may`
  // On the scale on which evidence adds up; below 1 it speaks for the release.
  const weight = Math.max(0, Math.min(100, (Math.log(evidence) / Math.log(bound)) * 100))
  return {
    what: `${seen} of ${moved} devices ${kinds[kind]}`,
    share: `${allowed}.`,
    weight: Math.floor(weight),
  }
}
