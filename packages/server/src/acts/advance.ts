import type {
  DeviceId,
  HaltingBounds,
  InterfaceRequest,
  Phase,
  RolloutState,
} from '@steadfleet/domain'
import { toTimestamp } from '@steadfleet/domain'
import {
  awaited,
  decided,
  type HaltingRule,
  nextStep,
  nothingSeen,
  type Seen,
  type Step,
  usualRule,
  type Verdict,
  type Wave,
} from '@steadfleet/rollout'
import { appendAct } from '../store/audit-store.ts'
import { type RolloutRow, rolloutRow, talliesOf, toMove } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { heldBack, nobodyHeld } from './held.ts'
import { keepVerdict, orderMoves, shiftMoves, takeBack } from './keep-move.ts'
import { controlOf, noControl } from './rollout-control.ts'
import { settleRollout } from './settle.ts'
import { tellRollout } from './tell-rollout.ts'
import { countThere } from './there-already.ts'
import { passOverInTurn } from './untouchable.ts'

/** What was heard of one device of a rollout. */
export interface Heard {
  readonly device: DeviceId
  readonly verdict: Verdict
  /** The signed report that says so; none says that a device is silent. */
  readonly evidence: string | null
  readonly now: string
}

/** Takes a verdict into account, and goes on. */
export async function hear(db: Db, id: number, heard: Heard): Promise<void> {
  const { device, verdict, evidence, now } = heard
  const rollout = await rolloutRow(db, id)
  const move = await db
    .selectFrom('move')
    .selectAll()
    .where('rollout', '=', id)
    .where('device', '=', device)
    .executeTakeFirstOrThrow()
  const held = toMove(move)
  const next = decided(held, verdict, rollout.state as RolloutState)
  if (next.state === held.state && next.crashed === held.crashed) return
  await keepVerdict(db, move, next, evidence)
  if (next.state === 'failed' || next.state === 'rolled back') await takeBack(db, rollout, move)
  await goOn(db, id, now)
}

/** Orders whom the rollout moves next, and halts or ends it where that is due. */
export async function goOn(db: Db, id: number, now: string): Promise<void> {
  const rollout = await rolloutRow(db, id)
  const asked = new Asked(rollout)
  let step = await stepOf(db, rollout, now)
  // Who is away is ordered and awaited by nobody, so that the step after may be another wave.
  while (step.wave && (await orderWave(db, rollout, step.wave, asked)) > 0) {
    step = await stepOf(db, rollout, now)
  }
  if (step.state === 'halted' && rollout.state === 'running') {
    await recall(db, rollout)
    await tellHalt(db, rollout, step.why, now)
    await tellRollout(db, 'rollout.halted', rollout, { why: step.why, now })
  }
  if (step.state === 'done' && rollout.state !== 'done') {
    await tellRollout(db, 'rollout.done', rollout, { why: step.why, now })
  }
  await keepStep(db, rollout, step, asked)
  if (step.state === 'done' && rollout.state === 'running') await settleRollout(db, rollout)
}

/** What the platform does to a rollout by itself is told like an act. */
async function tellHalt(db: Db, rollout: RolloutRow, why: string, at: string): Promise<void> {
  await appendAct(db, {
    ...{ at, by: 'server', place: '', act: 'haltRollout', fleet: rollout.fleet },
    subject: `rollout ${rollout.id}`,
    before: JSON.stringify({ state: rollout.state, why: rollout.why }),
    after: JSON.stringify({ state: 'halted', why }),
  })
}

async function keepStep(db: Db, rollout: RolloutRow, step: Step, asked: Asked): Promise<void> {
  const { state, why, soaksUntil } = step
  const isOther = state !== rollout.state
  await db
    .updateTable('rollout')
    .set({
      findings: JSON.stringify(step.findings),
      closed_at: JSON.stringify(step.closedAt),
      waits_for: state === 'running' ? asked.toJson() : '[]',
      ...(rollout.state === 'running' && {
        wakes_at: soaksUntil === undefined ? null : toTimestamp(new Date(soaksUntil)),
      }),
      ...(isOther && { state, why }),
    })
    .where('id', '=', rollout.id)
    .execute()
}

async function stepOf(db: Db, rollout: RolloutRow, now: string): Promise<Step> {
  const phases: Phase[] = JSON.parse(rollout.phases)
  const tallies = await talliesOf(db, rollout)
  const progress = {
    state: rollout.state as RolloutState,
    ...{ phases, tallies, now: Date.parse(now), rule: ruleOf(rollout) },
    closedAt: JSON.parse(rollout.closed_at),
    accepted: acceptedIn(rollout),
    control: noControl,
  }
  const step = nextStep(progress)
  if (step.state !== 'halted' || progress.state !== 'running') return step
  // What others go through too excuses much, and costs a look at all of them.
  return nextStep({ ...progress, control: await controlOf(db, rollout) })
}

/** What the fleet's policy lets pass, where it says so. */
function ruleOf({ rule }: RolloutRow): HaltingRule {
  const { 'false-alarm': falseAlarm = usualRule.falseAlarm, ...allowed }: HaltingBounds =
    JSON.parse(rule)
  return { allowed: { ...usualRule.allowed, ...allowed }, falseAlarm }
}

function acceptedIn({ accepted }: RolloutRow): Seen {
  return { ...nothingSeen, ...JSON.parse(accepted) }
}

/** What a rollout waits to be granted; an interface is named once. */
class Asked {
  readonly #requests: Map<string, InterfaceRequest>

  constructor({ waits_for }: RolloutRow) {
    const requests: InterfaceRequest[] = JSON.parse(waits_for)
    this.#requests = new Map(requests.map(one => [one.interface, one]))
  }

  add(requests: readonly InterfaceRequest[]): void {
    for (const one of requests) this.#requests.set(one.interface, one)
  }

  toJson(): string {
    return JSON.stringify([...this.#requests.values()])
  }
}

/** A statement names no more devices than this. */
const mostAtATime = 500

/**
 * Orders as many of a phase as the wave has, passing over who waits for a grant, or may not be moved; answers for
 * how many that decided something.
 */
async function orderWave(db: Db, rollout: RolloutRow, wave: Wave, asked: Asked): Promise<number> {
  let left = wave.most
  let passed = 0
  while (left > 0) {
    const devices = await inTurn(db, rollout.id, wave.phase, Math.min(left, mostAtATime))
    if (devices.length === 0) break
    const all = devices.map(({ device }) => device as DeviceId)
    const barred = await passOverInTurn(db, rollout, all)
    passed += barred.size
    const ids = all.filter(device => !barred.has(device))
    const held = rollout.settings === null ? await heldBack(db, rollout, ids) : nobodyHeld
    asked.add(held.requests)
    await holdBack(db, rollout.id, [...held.devices])
    const isFree = (device: string) => !barred.has(device) && !held.devices.has(device as DeviceId)
    const there = await countThere(db, rollout, devices.map(one => one.device).filter(isFree))
    passed += there.size
    const free = devices.filter(({ device }) => isFree(device) && !there.has(device))
    for (const state of ['ordered', 'away'] as const) {
      const some = free.filter(({ silent_since }) => (silent_since !== null) === (state === 'away'))
      const them = some.map(({ device }) => device as DeviceId)
      await orderMoves(db, rollout, wave.phase, state, them)
    }
    left -= free.length
  }
  return wave.most - left + passed
}

function inTurn(
  db: Db,
  rollout: number,
  phase: number,
  most: number,
): Promise<{ device: string; silent_since: string | null }[]> {
  return db
    .selectFrom('move')
    .innerJoin('device', 'device.id', 'move.device')
    .select(['move.device', 'silent_since'])
    .where('rollout', '=', rollout)
    .where('phase', '=', phase)
    .where('state', '=', 'waiting')
    .where('held', '=', 0)
    .orderBy('position')
    .limit(most)
    .execute()
}

async function holdBack(db: Db, rollout: number, devices: readonly DeviceId[]): Promise<void> {
  for (const device of devices) {
    await db
      .updateTable('move')
      .set({ held: 1 })
      .where('rollout', '=', rollout)
      .where('device', '=', device)
      .execute()
  }
}

/** Forgets who waited for a grant: somebody has said something, and all are asked for again. */
export async function releaseHeld(db: Db, rollout: number): Promise<void> {
  await db
    .updateTable('move')
    .set({ held: 0 })
    .where('rollout', '=', rollout)
    .where('held', '=', 1)
    .execute()
  await db.updateTable('rollout').set({ waits_for: '[]' }).where('id', '=', rollout).execute()
}

/** Looks again at every rollout that waits for a grant. */
export async function advanceWaiting(db: Db, now: string): Promise<void> {
  const waiting = await db
    .selectFrom('rollout')
    .select('id')
    .where('state', '=', 'running')
    .where('waits_for', '<>', '[]')
    .execute()
  for (const { id } of waiting) {
    await releaseHeld(db, id)
    await goOn(db, id, now)
  }
}

/**
 * Takes orders back of which nobody has said yet that they were obeyed: whoever has not begun stays what it
 * is, and whoever has goes back. Who fell silent stays counted so.
 */
export async function recall(db: Db, rollout: RolloutRow): Promise<void> {
  const moves = await db
    .selectFrom('move')
    .selectAll()
    .where('rollout', '=', rollout.id)
    .where('state', 'in', [...awaited])
    .execute()
  for (const move of moves) await takeBack(db, rollout, move)
  await shiftMoves(db, rollout.id, ['ordered', 'away'], 'recalled')
}
