import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { programs } from '../../packages/cli/src/process/checkout.ts'
import type { TimelineEntry } from '../../packages/protocol/src/index.ts'
import type { Besieged } from '../besieged.ts'
import { type FalseClock, makeClock, whyNoClock } from '../clock.ts'
import { whyNoPage } from '../page.ts'
import { Siege } from '../siege.ts'
import { buildMutant, type Mutation } from './mutant.ts'
import { copyPrepared, type FleetLog, revisions } from './prepared.ts'
import { openVault, type Vault } from './vault.ts'

/** What a row says of its fleet, before anything starts. */
export interface Setting {
  /** The one defence without which it ends otherwise. */
  readonly without: Mutation
  /** A second line behind it, which catches the same by other means and under another code. */
  readonly nor?: Mutation
  /** The fleet's log; absent: none. */
  readonly log?: FleetLog
  /** How many days later it happens; then each device has a clock that can be set. */
  readonly daysLater?: number
  /** What has happened to the server's folder meanwhile. */
  readonly prepare?: (vault: Vault) => Promise<void>
  /** What is so before a device first asks. */
  readonly before?: (scene: Scene) => void
}

/** One row of the attack table. */
export interface Row extends Setting {
  readonly attack: string
  /** The refusal that names it. */
  readonly code: RegExp
  /** What else the refusal tells. */
  readonly tells?: (event: TimelineEntry['event'], scene: Scene) => void
  /** Attacks a device that runs revision 2. */
  readonly strike: (scene: Scene) => Promise<void>
  /** Whether the attacker has what he wanted. */
  readonly isWon: (scene: Scene) => boolean | Promise<boolean>
  /** What the end of the attack takes, beside that the attacker leaves. */
  readonly recover?: (scene: Scene) => Promise<void>
}

/** One device, what is around it, and all that an attacker could take. */
export interface Scene {
  readonly siege: Siege
  readonly device: Besieged
  readonly vault: Vault
  /** Of the device; there where the row is about time. */
  readonly clock: FalseClock
  /** The other device of the row is done, so that what all share may change. */
  readonly others: Promise<void>
}

/**
 * Runs each row twice, on a fleet of its own: against the agent that is shipped, which must refuse,
 * tell it, serve on and take the next honest release; and against one without the row's defence,
 * where the attack must succeed, or the row would show nothing.
 */
export function attack(...rows: readonly Row[]): void {
  describe('attacks', { concurrency: 2, skip: whyNoPage() }, () => {
    for (const row of rows) {
      describeRow(row.attack, row, {
        'is refused, told, and over when it ends': scene => defend(row, scene),
        'succeeds without its defence': scene => lose(row, scene),
      })
    }
  })
}

type Acts = Readonly<Record<string, (scene: Scene) => Promise<void>>>

/** The first act is the defended device's, the second the other one's. */
export function describeRow(name: string, setting: Setting, acts: Acts): void {
  const skip = setting.daysLater !== undefined && whyNoClock
  describe(name, { concurrency: 2, skip }, () => {
    const other = Promise.withResolvers<void>()
    let scene: (name: string) => Promise<Scene>
    let siege: Siege | undefined
    before(async () => {
      siege = await open(setting)
      scene = sceneIn(siege, setting, other.promise)
    })
    after(() => siege?.close())
    for (const [i, [what, act]] of Object.entries(acts).entries()) {
      const name = i === 0 ? 'defended' : 'undefended'
      test(what, async t => {
        try {
          await act(await scene(name))
        } catch (fault) {
          t.diagnostic(lastWords(siege?.device(name)))
          throw fault
        } finally {
          if (i > 0) other.resolve()
        }
      })
    }
  })
}

/** For whoever must find out why a row failed. */
function lastWords(device: Besieged | undefined): string {
  if (device === undefined) return 'it never started'
  const { seen } = device.proxy
  return [...device.log().split('\n').slice(-12), ...seen.slice(-20)].join('\n')
}

async function open({ without, nor, daysLater, prepare, log = 'none' }: Setting): Promise<Siege> {
  const { directory, devices } = await copyPrepared(log)
  await prepare?.(openVault({ directory: join(directory, 'fleet') }))
  const mutant = await buildMutant(nor ? [without, nor] : [without], directory)
  const programOf = (name: string) => (name === 'defended' ? programs.builtAgent : mutant)
  const sleepers = devices.map(one => ({ ...one, program: programOf(one.name) }))
  if (daysLater === undefined) return Siege.resume(directory, sleepers)
  const clock = makeClock(join(directory, 'clock'))
  clock.set(`+${daysLater}d`)
  return Siege.resume(directory, sleepers, { serverEnvironment: clock.environment })
}

function sceneIn(
  siege: Siege,
  { daysLater, before: begin }: Setting,
  others: Promise<void>,
): (name: string) => Promise<Scene> {
  const vault = openVault(siege.fleet.home)
  return async name => {
    const device = siege.device(name)
    const clock = makeClock(join(siege.directory, `clock-${name}`))
    clock.set(`+${daysLater ?? 0}d`)
    const scene = { siege, device, vault, clock, others }
    begin?.(scene)
    await device.start(daysLater === undefined ? undefined : clock.environment)
    await device.serves(revisions.held)
    return scene
  }
}

async function defend(row: Row, scene: Scene): Promise<void> {
  const { device } = scene
  await row.strike(scene)
  const { event } = await device.refusal(row.code)
  assert.match(event.message, /^cannot /)
  row.tells?.(event, scene)
  assert.equal(await device.page(), pageOf(revisions.held))
  assert.equal((await device.view()).releases[0]?.revision, revisions.held)
  assert.equal(await row.isWon(scene), false)
  device.proxy.rule = undefined
  if (row.recover) await scene.others.then(() => row.recover?.(scene))
  await device.order(revisions.afterNext)
  await device.runs(revisions.afterNext)
}

async function lose(row: Row, scene: Scene): Promise<void> {
  assert.equal(await row.isWon(scene), false)
  await row.strike(scene)
  const look = async () => (await row.isWon(scene)) || undefined
  await scene.siege.until('the attack succeed', look)
}

export function pageOf(revision: number): string {
  return `revision ${revision}\n`
}
