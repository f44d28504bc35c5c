import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { programs } from '../../packages/cli/src/process/checkout.ts'
import type { Besieged, Environment } from '../besieged.ts'
import { whyNoPage } from '../page.ts'
import { Siege } from '../siege.ts'
import { buildMutant, type Mutation } from './mutant.ts'
import { copyPrepared, revisions } from './prepared.ts'
import { openVault, type Vault } from './vault.ts'

/** One row of the attack table. */
export interface Row {
  readonly attack: string
  /** The refusal that names it. */
  readonly code: RegExp
  /** The one defence without which it succeeds. */
  readonly without: Mutation
  readonly environmentOf?: (name: string) => Environment | undefined
  /** Attacks a device that runs revision 2. */
  readonly strike: (scene: Scene) => Promise<void>
  /** Whether the attacker has what he wanted. */
  readonly isWon: (scene: Scene) => boolean | Promise<boolean>
  /** What else the end of the attack takes, beside that the attacker leaves. */
  readonly recover?: (scene: Scene) => Promise<void>
}

/** One device, what is around it, and all that an attacker could take. */
export interface Scene {
  readonly siege: Siege
  readonly device: Besieged
  readonly vault: Vault
}

/**
 * Runs each row twice, on a fleet of its own: against the agent that is shipped, which must refuse,
 * tell it, serve on and take the next honest release; and against one without the row's defence,
 * where the attack must succeed, or the row would show nothing.
 */
export function attack(...rows: readonly Row[]): void {
  describe('attacks', { concurrency: 2, skip: whyNoPage() }, () => {
    for (const row of rows) describeRow(row)
  })
}

function describeRow(row: Row): void {
  describe(row.attack, { concurrency: 2 }, () => {
    let scene: (name: string) => Scene
    let siege: Siege | undefined
    before(async () => {
      const { directory, devices } = await copyPrepared()
      const mutant = await buildMutant(row.without, directory)
      const programOf = (name: string) => (name === 'defended' ? programs.builtAgent : mutant)
      const sleepers = devices.map(one => ({ ...one, program: programOf(one.name) }))
      const opened = await Siege.resume(directory, sleepers)
      siege = opened
      const vault = openVault(opened.fleet.home)
      scene = name => ({ siege: opened, device: opened.device(name), vault })
    })
    after(() => siege?.close())

    test('is refused, told, and over when it ends', async () => {
      const defended = scene('defended')
      const { device } = defended
      await begin(row, defended)
      const { event } = await device.refusal(row.code)
      assert.match(event.message, /^cannot /)
      assert.equal(await device.page(), `revision ${revisions.held}\n`)
      assert.equal((await device.view()).releases[0]?.revision, revisions.held)
      assert.equal(await row.isWon(defended), false)
      device.proxy.rule = undefined
      await row.recover?.(defended)
      await device.order(revisions.afterNext)
      await device.runs(revisions.afterNext)
    })

    test(`succeeds without ${row.without.before.trim()}`, async () => {
      const undefended = scene('undefended')
      await begin(row, undefended)
      const look = async () => (await row.isWon(undefended)) || undefined
      await undefended.siege.until('the attack succeed', look)
    })
  })
}

async function begin({ environmentOf, strike }: Row, scene: Scene): Promise<void> {
  const { device } = scene
  await device.start(environmentOf?.(device.name))
  await device.serves(revisions.held)
  await strike(scene)
}
