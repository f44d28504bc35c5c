import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Home } from '../../packages/cli/src/fleet/home.ts'
import { deviceTimeline } from '../../packages/protocol/src/index.ts'
import type { Besieged } from '../besieged.ts'
import { whyNoPage } from '../page.ts'
import type { Rule } from '../proxy.ts'
import { Siege, type SiegeOptions } from '../siege.ts'
import { pageOf } from './attack.ts'
import { mutateServer } from './mutant.ts'

/** Every check-in is swallowed; the stream stays open, and all else goes through. */
const swallow: Rule = asked =>
  asked.endsWith('/check-in') ? ({ reply }) => void reply.destroy() : undefined

const each = { concurrency: 2, skip: whyNoPage() }

/** The only defence is the server's: a device that hears nothing has nothing to refuse. */
describe('drop requests: the mirror swallows every check-in', each, () => {
  test('is told as the silence of the device, which runs on, and is over when it ends', () =>
    withDevice({}, async (siege, device) => {
      device.proxy.rule = swallow
      await siege.publishPage(2)
      await device.order(2)
      await siege.until('the alarm', isAlarmed(device))
      assert.equal(await device.page(), pageOf(1))
      device.proxy.rule = undefined
      await device.runs(2)
      assert.equal((await device.view()).silentSince, null)
      const { client } = siege.fleet
      const told = await client.call(deviceTimeline, { params: { device: device.id } })
      const codes = told.map(({ event }) => event.code).filter(code => /^device\//.test(code ?? ''))
      assert.deepEqual(codes, ['device/heard', 'device/silent'])
    }))

  test('is noticed by nobody without its defence', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'steadfleet-mutant-'))
    try {
      const without = {
        file: 'packages/server/src/silence.ts',
        before: 'const mostMissed = 3',
        after: 'const mostMissed = Number.POSITIVE_INFINITY',
      }
      const serverEnvironment = await mutateServer(without, folder)
      await withDevice({ serverEnvironment }, async (siege, device) => {
        device.proxy.rule = swallow
        // Four times as long as the alarm takes.
        await assert.rejects(
          siege.until('the alarm', isAlarmed(device), 16),
          /cannot see the alarm/,
        )
        assert.equal(await device.page(), pageOf(1))
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

function isAlarmed({ id }: Besieged): Parameters<Siege['until']>[1] {
  return ({ devices }) => devices.find(one => one.id === id)?.silentSince ?? undefined
}

async function withDevice(
  options: SiegeOptions,
  story: (siege: Siege, device: Besieged) => Promise<void>,
): Promise<void> {
  const page = { probationSeconds: 1, isWatched: false }
  const siege = await Siege.open(['shelf'], {
    ...options,
    prepare: askEachSecond,
    page,
    log: 'none',
  })
  try {
    await story(siege, siege.device('shelf'))
  } finally {
    await siege.close()
  }
}

async function askEachSecond({ directory }: Home): Promise<void> {
  const file = join(directory, 'server/server.json')
  const said = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...said, policy: { 'check-in-seconds': 1 } }))
}
