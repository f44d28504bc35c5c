import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pretendLogPolicy, pretendOrigin } from '@steadfleet/authority/testing'
import { toHex, toUtf8 } from '@steadfleet/base'
import { leafHash, openCheckpoint, parseNoteKey } from '@steadfleet/trust'
import { askImport } from '../offline/ask-import.ts'
import { TestDevice } from '../testing/device.test.ts'
import { bothWitnesses, History, leaves } from '../testing/history.test.ts'
import { documentsOf, exportOf } from '../testing/offline-fleet.test.ts'
import { PretendFleet, type Release } from '../testing/pretend-fleet.test.ts'

const good = { 'bin/main': 'well\n' }

interface Stage {
  readonly fleet: PretendFleet
  readonly device: TestDevice
  /** The honest log, which holds all that was published. */
  readonly log: History
  readonly leaf: (release: Release) => Uint8Array
}

type Attack = (stage: Stage, release: Release) => Promise<PretendFleet['prove']>

/** Each answers about revision 2, while the log holds it, as a server that must not be believed. */
const attacks: [what: string, code: string, attack: Attack][] = [
  ['is not in the log', 'trust/not-logged', async () => async () => undefined],
  [
    'is proved by the place of another',
    'trust/not-logged',
    async ({ log }) =>
      async (_, held) =>
        log.prove(toHex(leafHash(toUtf8('another'))), held),
  ],
  [
    'is below the quorum of witnesses',
    'trust/witness-quorum',
    async ({ log }) =>
      (hash, held) =>
        log.prove(hash, held, ['w1']),
  ],
  [
    'is in a fork of the log',
    'trust/log-fork',
    async ({ leaf }, release) => {
      const fork = await new History().add(...['x', 'y', 'z', 'v', 'w'].map(toUtf8), leaf(release))
      return (hash, held) => fork.prove(hash, held)
    },
  ],
  [
    'is in a log that was rolled back',
    'trust/log-rollback',
    async ({ leaf }, release) => {
      const old = await new History().add(leaf(release))
      return (hash, held) => old.prove(hash, held)
    },
  ],
]

const sizesOfFalse: Readonly<Record<string, number>> = {
  'trust/log-fork': 6,
  'trust/log-rollback': 1,
}

describe('a release that', { concurrency: 4 }, () => {
  for (const [what, code, attack] of attacks) {
    test(`${what} is refused and told, the old revision runs on, and honest proof then works`, () =>
      withFleet(async stage => {
        const { fleet, device, log, leaf } = stage
        await runFirst(stage)
        const second = await fleet.publish('acme/hub', 2, { ...good, more: '2' })
        await log.add(leaf(second))
        fleet.prove = await attack(stage, second)
        fleet.requests.length = 0
        await fleet.give([second])
        const event = await fleet.untilEvent('security', code)
        assert.equal(event.code, code)
        assert.equal(sizeTold(event), sizesOfFalse[code])
        assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
        const content = fleet.requests.filter(line => /\/(objects|bundles)\//.test(line))
        assert.deepEqual(content, [])
        fleet.prove = (hash, held) => log.prove(hash, held)
        await fleet.untilState('committed', 2)
      }))
  }

  test('runs already is never stopped by it, nor a setting of it', () =>
    withFleet(async stage => {
      const { fleet, device } = stage
      const first = await runFirst(stage)
      fleet.prove = async () => undefined
      await device.stop()
      await device.start()
      await fleet.give([first])
      await fleet.untilState('committed', 1)
      assert.equal(fleet.events.filter(({ kind }) => kind === 'security').length, 0)
    }))
})

describe('a checkpoint that is held', { concurrency: 4 }, () => {
  const damages: [what: string, damage: (path: string) => void][] = [
    ['deleted', path => rmSync(path)],
    ['torn', path => truncateSync(path, 20)],
    ['emptied', path => truncateSync(path, 0)],
  ]
  for (const [what, damage] of damages) {
    test(`and is ${what} in both copies lets no rollback of the log pass`, () =>
      withFleet(async stage => {
        const { fleet, device, log, leaf } = stage
        await runFirst(stage)
        await device.stop()
        for (const path of checkpointsOf(device)) damage(path)
        const second = await fleet.publish('acme/hub', 2, { ...good, more: '2' })
        const old = await new History().add(leaves.owner(fleet), leaf(second))
        fleet.prove = (hash, held) => old.prove(hash, held)
        await device.start()
        await fleet.give([second])
        await fleet.untilEvent('security', 'trust/log-rollback')
        assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
        await log.add(leaf(second))
        fleet.prove = (hash, held) => log.prove(hash, held)
        await fleet.untilState('committed', 2)
        assert.equal(checkpointsOf(device).length, 2)
      }))
  }

  test('and is torn in one copy is whole in the other, and a fork of it is still told', () =>
    withFleet(async stage => {
      const { fleet, device, leaf } = stage
      await runFirst(stage)
      await device.stop()
      truncateSync(checkpointsOf(device)[0]!, 20)
      await device.start()
      const second = await fleet.publish('acme/hub', 2, { ...good, more: '2' })
      const others = ['x', 'y', 'z', 'v'].map(toUtf8)
      const fork = await new History().add(...others, leaves.owner(fleet), leaf(second))
      fleet.prove = (hash, held) => fork.prove(hash, held)
      await fleet.give([second])
      await fleet.untilEvent('security', 'trust/log-fork')
    }))
})

test('a device that followed the log further than a stick leads says from where, and goes on by one that does', () =>
  withFleet(async stage => {
    const { fleet, device, log, leaf } = stage
    await runFirst(stage)
    await fleet.close()
    const second = await fleet.publish('acme/hub', 2, { ...good, more: '2' })
    await log.add(leaf(second))
    await fleet.give([second])
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-stick-'))
    const hash = toHex(leafHash(leaf(second)))
    const importFor = async (held: number) => {
      const proof = toUtf8((await log.prove(hash, held)) ?? '')
      const own = [`/v1/log/proofs/${hash}?held=${held}`, proof] as const
      const documents = new Map([...documentsOf(fleet, [second]), own])
      const file = join(folder, `${held}.sfo`)
      writeFileSync(file, await exportOf(fleet, [second], documents))
      return askImport(device.paths, file, () => undefined)
    }
    try {
      const early = await importFor(0)
      assert.ok(early.state === 'refused' && early.code === 'agent/offline-gap')
      const [, held] = /export it again with --held (\d+)$/.exec(early.message) ?? []
      assert.equal((await importFor(Number(held))).state, 'imported')
    } finally {
      rmSync(folder, { recursive: true })
    }
    await fleet.reopen()
    await fleet.untilState('committed', 2)
  }))

test('a device says in its status which log counts, and how many witnesses', () =>
  withFleet(async ({ device }) => {
    const socket = createConnection(device.paths.socket)
    let text = ''
    for await (const chunk of socket.setEncoding('utf8')) text += chunk
    assert.equal(JSON.parse(text).log, `${pretendOrigin}, 2 of 2 witnesses`)
    const enrolment = await readFile(device.paths.enrolment, 'utf8')
    assert.ok(enrolment.includes(pretendOrigin))
  }))

/** The size of the note that was refused, where it is told beside the one that was held. */
function sizeTold({ details = {} }: Awaited<ReturnType<PretendFleet['untilEvent']>>) {
  const { heldNote, offeredNote } = details
  if (heldNote === undefined) return undefined
  const key = parseNoteKey(String(pretendLogPolicy(bothWitnesses, 2).key))
  const [held, offered] = [heldNote, offeredNote].map(note => openCheckpoint(key, String(note)))
  assert.notDeepEqual(held?.root, offered?.root)
  return offered?.size
}

/** Revision 1 is in the log and runs. */
async function runFirst({ fleet, log, leaf }: Stage): Promise<Release> {
  const first = await fleet.publish('acme/hub', 1, good)
  const others = [toUtf8('another'), leaves.owner(fleet), leaves.model(fleet)]
  await log.add(...others, leaf(first))
  fleet.prove = (hash, held) => log.prove(hash, held)
  await fleet.give([first])
  await fleet.untilState('committed', 1)
  return first
}

function checkpointsOf({ paths }: TestDevice): string[] {
  return readdirSync(paths.trust)
    .filter(name => name.startsWith('log-') && !name.endsWith('.new'))
    .map(name => join(paths.trust, name))
}

async function withFleet(story: (stage: Stage) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start({ log: pretendLogPolicy(bothWitnesses, 2) })
  const device = await TestDevice.join(fleet)
  const leaf = (release: Release) => leaves.release(fleet, release)
  try {
    await story({ fleet, device, log: new History(), leaf })
  } finally {
    await device[Symbol.asyncDispose]().finally(() => fleet.close())
  }
}
