import { devicesIn, type PlacedMove, type Rollout, sumTallies } from '@steadfleet/domain'
import { getRollout, goalOf, listMoves, listRollouts, steerRollout } from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec } from '../command.ts'
import { wholeNumber } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { wakesOf } from '../fleet/wakes.ts'
import { toTable } from '../output.ts'

type Steer = 'approve' | 'start' | 'pause' | 'resume' | 'cancel'

const rollout = { name: '<rollout>', what: 'its number' }

/** Moves that are asked for at once. */
const pageSize = 1000

/** `steadfleet rollout list` */
export const rolloutList: CommandSpec = {
  name: 'rollout list',
  summary: 'List rollouts, newest first.',
  examples: ['rollout list', 'rollout list --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const rollouts = await client.call(listRollouts, {})
    call.output.answer(rollouts, () =>
      toTable(
        ['rollout', 'fleet', 'package', 'to', 'state', 'done', 'failed', 'of'],
        rollouts.map(toRow),
        'no rollout has begun yet',
      ),
    )
  },
}

/** `steadfleet rollout show ROLLOUT` */
export const rolloutShow: CommandSpec = {
  name: 'rollout show',
  takes: [rollout],
  summary: 'Show a rollout with every device that it moves.',
  examples: ['rollout show 3', 'rollout show 3 --json'],
  async run(call) {
    const fleet = await openFleet(call)
    const found = await rolloutOf(fleet, call)
    const moves = await movesOf(fleet, found.id)
    call.output.answer({ ...found, moves }, () => toText(found, moves))
  },
}

/** `steadfleet rollout watch ROLLOUT` */
export const rolloutWatch: CommandSpec = {
  name: 'rollout watch',
  takes: [rollout],
  summary: 'Follow a rollout until it is done, halted or cancelled.',
  examples: ['rollout watch 3', 'rollout watch 3 --json'],
  async run(call) {
    const fleet = await openFleet(call)
    for await (const view of changesOf(fleet, call)) call.output.line(view, toLine(view))
  },
}

export const rolloutApprove = steering(
  'approve',
  'Agree, as a second person, that a rollout starts.',
)
export const rolloutStart = steering('start', 'Start a scheduled rollout before its time.')
export const rolloutPause = steering('pause', 'Pause a rollout: no further device is ordered.')
export const rolloutResume = steering('resume', 'Resume a rollout that was paused or has halted.')
export const rolloutCancel = steering(
  'cancel',
  'Cancel a rollout for good; who has not taken it yet is called back.',
)

function steering(event: Steer, summary: string): CommandSpec {
  return {
    name: `rollout ${event}`,
    takes: [rollout],
    summary,
    examples: [`rollout ${event} 3`, `rollout ${event} 3 --json`],
    async run(call) {
      const { client } = await openFleet(call)
      const params = { rollout: wholeNumber(argument(call, 0), 'a rollout'), event }
      const view = await client.call(steerRollout, { params })
      call.output.answer(view, () => toLine(view))
    },
  }
}

function rolloutOf({ client }: Fleet, call: Call): Promise<Rollout> {
  const number = wholeNumber(argument(call, 0), 'a rollout')
  return client.call(getRollout, { params: { rollout: number } })
}

/** Every device that the rollout moves, page by page. */
async function movesOf({ client }: Fleet, rollout: number): Promise<PlacedMove[]> {
  const moves: PlacedMove[] = []
  for (let after = -1; ; ) {
    const query = { limit: pageSize, ...(after >= 0 && { after }) }
    const page = await client.call(listMoves, { params: { rollout }, query })
    moves.push(...page)
    if (page.length < pageSize) return moves
    after = page.at(-1)?.position ?? after
  }
}

/** The rollout as it is and after each change of it, until nothing more can come. */
async function* changesOf(fleet: Fleet, call: Call): AsyncIterable<Rollout> {
  let told = ''
  for await (const _ of wakesOf(fleet.client)) {
    const view = await rolloutOf(fleet, call)
    const text = JSON.stringify(view)
    if (text !== told) yield view
    told = text
    if (isOver(view)) return
  }
}

function isOver({ state }: Rollout): boolean {
  return state === 'done' || state === 'halted' || state === 'cancelled'
}

interface Counts {
  readonly done: number
  readonly failed: number
  readonly of: number
}

function countsOf({ tallies }: Rollout): Counts {
  const tally = sumTallies(tallies)
  return { done: tally.done, failed: tally.failed + tally['rolled back'], of: devicesIn(tally) }
}

function toRow(view: Rollout): string[] {
  const { id, fleet, state } = view
  const { done, failed, of } = countsOf(view)
  return [id, fleet, view.package, goalOf(view), state, done, failed, of].map(String)
}

function toLine(view: Rollout): string {
  const { id, state, why } = view
  const { done, failed, of } = countsOf(view)
  const counts = `${done} done, ${failed} failed of ${of}`
  return `rollout ${id} of ${view.package} ${goalOf(view)}: ${state}, ${counts}${view.restoresData ? ', with the data of then' : ''}${why ? ` (${why})` : ''}${timesOf(view)}${waitsOf(view)}`
}

/** When it starts or goes on by itself. */
function timesOf({ state, startsAt, soaksUntil }: Rollout): string {
  if (soaksUntil !== undefined) return `; watched until ${soaksUntil}`
  return state === 'scheduled' ? `; starts at ${startsAt}` : ''
}

/** What it waits for: somebody must say yes or no. */
function waitsOf({ waitsFor, ...view }: Rollout): string {
  if (waitsFor.length === 0) return ''
  const names = waitsFor.map(one => one.interface).join(', ')
  return `; waits for a grant of ${names}: steadfleet release diff ${view.package} ${view.revision}`
}

function toText(view: Rollout, moves: readonly PlacedMove[]): string {
  const rows = moves.map(({ device, phase, state }) => [device, String(phase + 1), state])
  return [
    toLine(view),
    '',
    toTable(['device', 'phase', 'state'], rows, 'it moves no device'),
    ...(view.findings.some(({ seen }) => seen > 0) ? ['', toEvidence(view)] : []),
  ].join('\n')
}

/** What the halting test makes of it: evidence that reaches its bound halts the rollout. */
function toEvidence({ findings }: Rollout): string {
  const rows = findings.map(({ kind, seen, moved, expected, evidence, bound }) => [
    kind,
    `${seen} of ${moved}`,
    `${Number((expected * 100).toPrecision(2))} %`,
    evidence.toPrecision(2),
    String(bound),
  ])
  return toTable(['went wrong', 'devices', 'may', 'evidence', 'halts at'], rows, '')
}
