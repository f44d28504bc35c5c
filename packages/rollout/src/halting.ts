import type { Finding, FindingKind, Tally } from '@steadfleet/domain'

/**
 * The test that halts a rollout: a mixture of sequential probability ratio tests (Wald 1945; Robbins 1970).
 *
 * For each kind of failure, the devices that were moved are compared with the share that may fail. The
 * evidence is a likelihood ratio: how much better what was seen is explained by a release that adds 2, 5,
 * 10, 20 or 40 % to that share than by one that adds nothing, each of these counting a fifth. While the
 * release adds nothing the evidence is a supermartingale that begins at 1, so that the chance that it ever
 * reaches 1 / α is at most α, however often and whenever one looks (Ville 1939). α is shared by the kinds.
 *
 * A device that has not spoken counts as one that did well: devices that fail speak sooner than those on
 * probation, and early answers alone would be a false picture. Thus the evidence only ever grows late.
 */

/** How many devices of a rollout were moved, and how many of them went wrong in each way. */
export type Seen = Readonly<Record<FindingKind | 'moved', number>>

export const nothingSeen: Seen = { moved: 0, failed: 0, 'rolled back': 0, crashed: 0, silent: 0 }

/** What was seen over the same time of devices that keep the old revision. */
export type Control = Readonly<Record<'watched' | 'crashed' | 'silent', number>>

/** The numbers of a halting rule. */
export interface HaltingRule {
  /** The share of devices that may go wrong in each way with nobody to blame: above 0, below 1. */
  readonly allowed: Readonly<Record<FindingKind, number>>
  /** How likely a release that adds nothing is halted at most, over all the time of its rollout. */
  readonly falseAlarm: number
}

export const usualRule: HaltingRule = {
  allowed: { failed: 0.02, 'rolled back': 0.01, crashed: 0.01, silent: 0.03 },
  falseAlarm: 0.01,
}

/** What there is to see of moves. Who was away before proves nothing until it speaks, nor who was recalled. */
export function seenOf(tally: Tally): Seen {
  const { failed, silent, crashed, 'rolled back': rolledBack } = tally
  const moved = tally.ordered + tally.done + failed + rolledBack + silent
  return { moved, failed, 'rolled back': rolledBack, crashed, silent }
}

/** What a release may add to the share that fails. */
const additions = [0.02, 0.05, 0.1, 0.2, 0.4] as const

/**
 * What each kind of failure shows, the strongest evidence first. What a person has accepted is no evidence any
 * more: the test begins anew after it.
 */
export function weigh(seen: Seen, accepted: Seen, control: Control, rule: HaltingRule): Finding[] {
  const kinds = Object.keys(rule.allowed) as FindingKind[]
  // Who was recalled after he was accepted leaves less, too.
  const moved = Math.max(0, seen.moved - accepted.moved)
  const background = { ...control, failed: 0, 'rolled back': 0 }
  return kinds
    .map(kind => {
      // A silent device that spoke after it was accepted leaves less than was accepted.
      const bad = Math.min(moved, Math.max(0, seen[kind] - accepted[kind]))
      const expected = Math.max(rule.allowed[kind], leastOf(background[kind], control.watched))
      const evidence = evidenceOf(bad, moved, expected)
      return { kind, moved, seen: bad, expected, evidence, bound: kinds.length / rule.falseAlarm }
    })
    .sort((a, b) => b.evidence - a.evidence)
}

/** The finding that halts a rollout; undefined while there is none. */
export function haltingFinding(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ evidence, bound }) => evidence >= bound)
}

/** In logarithms: of ten thousand devices the ratios themselves leave what a number can hold. */
function evidenceOf(failed: number, moved: number, expected: number): number {
  const ratios = additions.map(addition => {
    const worse = Math.min(expected + addition, 0.999)
    const bad = failed * Math.log(worse / expected)
    return bad + (moved - failed) * Math.log((1 - worse) / (1 - expected))
  })
  return ratios.reduce((sum, ratio) => sum + Math.exp(Math.min(ratio, 700)), 0) / ratios.length
}

/**
 * The share that devices on the old revision show, for certain: the lower end of Wilson's interval at three
 * standard deviations, so that few devices prove nothing against what is allowed.
 */
function leastOf(failed: number, watched: number): number {
  if (watched === 0) return 0
  const z2 = 9
  const share = failed / watched
  const middle = share + z2 / (2 * watched)
  const spread = Math.sqrt(z2 * ((share * (1 - share)) / watched + z2 / (4 * watched ** 2)))
  return Math.max(0, (middle - spread) / (1 + z2 / watched))
}
