import { CodedError } from '@steadfleet/base'
import type { PackageName } from '@steadfleet/domain'
import { type Change, isDropped, packagesIn } from './change.ts'
import { sealOf } from './generation.ts'
import { type ChangeHost, Halted, Hindered, type Journal } from './host.ts'
import { withoutDropped } from './lanes.ts'
import type { Step } from './plan.ts'
import type { PackageFault } from './probation.ts'

/** One thing that went wrong, and in which lane; without one, in the change as a whole. */
export interface Fault {
  readonly lane?: PackageName | undefined
  readonly packages: readonly PackageName[]
  readonly code: string
  readonly why: string
  /** True where trying again under the same order would fail again. */
  readonly lasting: boolean
}

/** Of these a second try under the same order would fail again: they are the release's own doing. */
const lastingKinds: readonly string[] = ['migrate', 'start']

export function faultOfStep(step: Step, raised: unknown): Fault {
  const isHindered = raised instanceof Hindered
  const error = isHindered ? raised.cause : raised
  const isWhole = error instanceof CodedError && error.code === 'engine/superseded'
  return {
    lane: isWhole ? undefined : step.lane,
    packages: step.package ? [step.package] : [],
    code: codeOf(error, `engine/${step.kind}`),
    why: whyOf(error),
    lasting: lastingKinds.includes(step.kind) && !isHindered,
  }
}

/** What ends the wait before activation ends the change as a whole. */
export function faultOfGate(error: unknown): Fault {
  const code = error instanceof CodedError ? error.code : 'engine/waiting'
  return { lane: undefined, packages: [], code, why: whyOf(error), lasting: false }
}

export function faultOfProbation({ plan }: Change, { package: name, why }: PackageFault): Fault {
  const lane = plan.steps.find(step => step.package === name)?.lane
  return { lane, packages: [name], code: 'engine/probation', why, lasting: true }
}

export function codeOf(error: unknown, otherwise: string): string {
  return error instanceof CodedError ? error.code : otherwise
}

export function whyOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 900)
}

/** Each lane that failed goes back by itself while another one is left; the last takes the change back. */
export async function failChange(
  journal: Journal,
  host: ChangeHost,
  faults: readonly Fault[],
): Promise<void> {
  for (const fault of byLane(faults)) {
    const { change } = journal.state
    if (change === undefined) throw new TypeError('no change is under way')
    const isGone = isDropped(change, fault)
    if (isGone || (await drop(journal, host, change, fault))) continue
    return await abort(journal, fault)
  }
}

/** One fault for each lane; a fault of the whole comes first. */
function byLane(faults: readonly Fault[]): readonly Fault[] {
  const lanes = new Map<PackageName | undefined, Fault>()
  for (const fault of faults) {
    const before = lanes.get(fault.lane)
    lanes.set(fault.lane, before ? joined(before, fault) : fault)
  }
  return [...lanes.values()].sort(
    (a, b) => Number(a.lane !== undefined) - Number(b.lane !== undefined),
  )
}

function joined(a: Fault, b: Fault): Fault {
  const packages = [...new Set([...a.packages, ...b.packages])]
  const why = `${a.why}; ${b.why}`.slice(0, 900)
  return { ...a, packages, why, lasting: a.lasting || b.lasting }
}

/** Rule 2, of one lane: the record is durable before the first undo. False where it cannot be. */
async function drop(
  journal: Journal,
  host: ChangeHost,
  change: Change,
  { lane, ...blame }: Fault,
): Promise<boolean> {
  if (lane === undefined || !isAnyLeft(change, lane)) return false
  try {
    const { from, to } = await host.generations(change)
    const aim = withoutDropped(from, to, packagesIn(change, lane), journal.state.highest + 1)
    await host.keep(aim)
    await journal.append({ type: 'drop', ...blame, lane, to: aim.number, seal: sealOf(aim) })
    return true
  } catch (error) {
    if (error instanceof Halted) throw error
    return false
  }
}

function isAnyLeft(change: Change, lane: PackageName): boolean {
  if (change.stuck.length > 0) return false
  return change.plan.steps.some(
    step => step.lane !== undefined && step.lane !== lane && !isDropped(change, step),
  )
}

/** Rule 2: the abort is durable before the first undo. */
async function abort(journal: Journal, { lane: _, ...blame }: Fault): Promise<void> {
  await journal.append({ type: 'abort', ...blame })
}
