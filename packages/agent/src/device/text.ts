import type { LocalChange, LocalReply, LocalRouteName, LocalStatus } from '@steadfleet/protocol'
import { toMoves } from '../say/explain.ts'

/** What each answer of the agent is for people. */
export const texts: { readonly [N in LocalRouteName]: (reply: LocalReply<N>) => string } = {
  status: statusText,
  why: ({ says }) => says.join('\n'),
  changes: ({ changes }) => changes.map(changeText).join('\n') || 'nothing has changed yet',
  log: ({ lines }) => lines.join('\n'),
  consent: () => 'the answer is noted',
  hold: ({ hold }) =>
    `updates are on hold${hold.until === null ? '' : ` until ${hold.until}`}, no longer than the fleet allows`,
  resume: () => 'updates go on',
  updateNow: ({ update }) =>
    update === null
      ? 'no update is ready: the fleet is asked'
      : `on it: ${toMoves(update.packages)}`,
  metered: ({ metered }) => `the link is held to be ${metered ? '' : 'not '}metered`,
  revert: ({ way, to, restored }) => {
    const what = way === 'recalled' ? 'the change under way is taken back' : 'going back'
    return [`${what}, to generation ${to}`, ...restored.map(path => `with ${path}`)].join('\n')
  },
}

function statusText(status: LocalStatus): string {
  const { name, device, counter, generation, state, update, hold } = status
  return [
    `${name}  ${device}`,
    `fleet at ${status.origin}, log ${status.log}`,
    `${state}, generation ${generation}, order ${counter}`,
    'runs',
    ...orNothing(
      status.packages.map(one => `  ${one.package} revision ${one.revision} (${one.version})`),
    ),
    'apps',
    ...orNothing(
      status.apps.map(one => `  ${one.package} ${one.app}: ${one.state}, ${one.restarts} restarts`),
    ),
    ...(update ? [`update ${update.id}: ${toMoves(update.packages)}`] : []),
    ...(update?.waiting?.reasons.map(({ why }) => `  waits: ${why}`) ?? []),
    ...(update?.waiting ? [`  at the latest until ${update.waiting.latest}`] : []),
    ...(hold ? [`on hold${hold.until ? ` until ${hold.until}` : ''}`] : []),
    ...(status.metered ? ['the link is metered'] : []),
    ...(status.battery === null ? [] : [`battery ${status.battery} %`]),
    ...keepsText(status.keeps),
    ...status.rejected.map(one => `kept until ${one.until}: ${one.path}, which was gone back from`),
  ].join('\n')
}

function keepsText(keeps: LocalStatus['keeps']): string[] {
  const { 'rejected-days': days, 'store-limit-bytes': bytes } = keeps
  return [
    `data that is gone back from is kept for ${days} days`,
    ...(bytes > 0 ? [`the store may take ${bytes} bytes`] : []),
  ]
}

function orNothing(lines: string[]): string[] {
  return lines.length === 0 ? ['  nothing'] : lines
}

function changeText({ at, from, to, outcome, packages, why }: LocalChange): string {
  const head = `${at}  ${from} → ${to}  ${outcome.padEnd(9)}  ${toMoves(packages)}`
  return why === undefined ? head : `${head}\n    ${why}`
}
