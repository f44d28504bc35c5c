import type { Change, NewRecord } from '@steadfleet/engine'

type Blame = Extract<NewRecord, { type: 'abort' | 'drop' }>

const mostLines = 100
const longestLine = 300

/** How far a change was when it failed, for whoever asks why: its plan, each step begun, its trial, the end. */
export function journalOf(change: Change, { code, type, why }: Blame): string[] {
  const { plan, begun, done, drops, probation } = change
  const lines = [
    `${plan.at} plan: generation ${plan.from} to ${plan.to} by order ${plan.counter}`,
    ...begun.map(step => `${step}: ${done.includes(step) ? 'done' : 'begun, not done'}`),
    ...drops.map(({ at, lane }) => `${at} drop: ${lane}`),
    ...(probation ? [`probation: watched ${Math.round(probation.milliseconds / 1000)} s`] : []),
    `${type}: ${code}: ${why}`,
  ]
  // The beginning and the end say most of a long one.
  const left =
    lines.length > mostLines ? [...lines.slice(0, 1), ...lines.slice(1 - mostLines)] : lines
  return left.map(line => line.slice(0, longestLine))
}
