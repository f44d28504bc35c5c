import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import {
  makeOrder,
  makeTimestamp,
  nextVersion,
  readSigned,
  type Signer,
  signerFromPem,
  signMetadata,
  signStatement,
} from '../packages/authority/src/index.ts'
import { connect } from '../packages/cli/src/fleet/connect.ts'
import { openHome } from '../packages/cli/src/fleet/home.ts'
import { initFleet } from '../packages/cli/src/fleet/init.ts'
import type { Fleet } from '../packages/cli/src/fleet/open.ts'
import { createEnrolmentToken, listRoles } from '../packages/protocol/src/index.ts'
import { type ServerProcess, startServer } from '../packages/server/src/testing/server-process.ts'
import { joinDevice, type TestDevice } from '../packages/server/src/testing/test-device.ts'
import { putRole } from '../packages/server/src/testing/test-release.ts'
import { payloadTypes, refreshCatalogue } from '../packages/trust/src/index.ts'
import { blocksOf } from '../tools/guide.ts'
import { type Follower, fetcherOf, lookAt, openFollower } from './follower.ts'
import { freePort } from './stage.ts'

const passphrase = 'three wise greenhouses'
const steadfleet = resolve('packages/cli/bin/steadfleet.mjs')

/** One runbook: what has happened before it is opened, and what holds once it was followed. */
interface Runbook {
  readonly page: string
  /** What is typed before, by whoever caused it. */
  readonly cause?: string
  readonly holds: (scene: Scene) => Promise<void>
  /** Looks again and again while the runbook is followed, and must never be refused. */
  readonly isWatched?: boolean
}

/** A fleet with its server, a device that follows it, and what a thief copied before. */
interface Scene {
  readonly folder: string
  readonly fleet: Fleet
  readonly device: TestDevice
  readonly follower: Follower
  readonly stolen: (key: string) => Signer
}

const runbooks: readonly Runbook[] = [
  {
    page: 'lost-root-key',
    holds: async ({ follower }) => assert.equal(follower.catalogue.versions.root, 2),
  },
  {
    page: 'stolen-root-key',
    holds: async ({ follower }) => assert.equal(follower.catalogue.versions.root, 2),
  },
  {
    page: 'targets-key',
    holds: async ({ follower }) => {
      const { root, targets } = follower.catalogue.versions
      assert.deepEqual([root, targets], [2, 2])
    },
  },
  {
    page: 'publisher-key-stolen',
    cause: 'steadfleet publish greenhouse --architecture amd64 --revision 7',
    async holds({ fleet, follower, stolen }) {
      assert.equal(await follower.catalogue.find('acme/greenhouse/7/amd64'), undefined)
      assert.ok(await follower.catalogue.find('acme/greenhouse/1/amd64'))
      const held = readFileSync(roleFile(fleet))
      const forged = nextVersion(readSigned('targets', held), 'publisher', new Date())
      const role = await signMetadata(forged, [stolen('offline/publisher-acme.pem')])
      await assert.rejects(putRole(fleet.client, 'acme', role), { code: 'trust/threshold' })
    },
  },
  {
    page: 'two-publisher-keys',
    async holds({ follower, fleet, stolen }) {
      for (const revision of [2, 3]) {
        assert.ok(await follower.catalogue.find(`acme/greenhouse/${revision}/amd64`))
      }
      const held = readFileSync(roleFile(fleet))
      const forged = nextVersion(readSigned('targets', held), 'publisher', new Date())
      const role = await signMetadata(forged, [stolen('offline/publisher-acme.pem')])
      await assert.rejects(putRole(fleet.client, 'acme', role), { code: 'trust/threshold' })
    },
  },
  {
    page: 'online-keys-stolen',
    isWatched: true,
    async holds({ fleet, stolen }) {
      const key = stolen('server/signer/timestamp.pem')
      const { fetch } = fetcherOf(fleet.client)
      const snapshot = (await fetch('2.snapshot.json', 1e6)) ?? new Uint8Array()
      const forged = await signMetadata(makeTimestamp(2 ** 50, snapshot, new Date()), [key])
      const fetcher = {
        fetch: async (file: string, limit: number) =>
          file === 'timestamp.json' ? forged : fetch(file, limit),
      }
      const { catalogueRoot: firstRoot } = fleet.home
      const store = { read: async () => undefined, commit: async () => undefined }
      const looking = refreshCatalogue({ store, fetcher, firstRoot, now: new Date() })
      await assert.rejects(looking, { code: 'trust/threshold' })
    },
  },
  {
    page: 'director-stolen',
    async holds({ device, follower, stolen }) {
      const { order, policy } = follower
      assert.ok(order && order.counter >= 2)
      const { model, releases } = order
      const content = { device: device.id, owner: policy.owner, model, releases, policy: {} }
      const forged = makeOrder({ ...content, counter: order.counter + 1 }, new Date())
      const key = stolen('server/signer/director.pem')
      const sealed = await signStatement(payloadTypes.order, forged, [key])
      assert.throws(() => follower.obey(sealed), { code: 'trust/threshold' })
    },
  },
  {
    page: 'owner-key-lost',
    async holds({ follower }) {
      assert.deepEqual([follower.ownerRoot.version, follower.policy.version], [2, 2])
    },
  },
  {
    page: 'many-releases',
    async holds({ follower, fleet }) {
      for (const revision of [1, 2, 3]) {
        assert.ok(await follower.catalogue.find(`acme/greenhouse/${revision}/amd64`))
      }
      const { delegations } = readSigned('targets', readFileSync(roleFile(fleet)))
      assert.equal(delegations, undefined)
    },
  },
  {
    page: 'root-about-to-expire',
    cause: `steadfleet root begin --expires-days 1 --out short.draft
steadfleet root sign short.draft --key catalogue-root-1 --key catalogue-root-2
steadfleet root apply short.draft`,
    async holds({ fleet, follower }) {
      assert.equal(follower.catalogue.versions.root, 3)
      const roles = await fleet.client.call(listRoles, {})
      assert.deepEqual(
        roles.filter(({ alarm }) => alarm > 0),
        [],
      )
    },
  },
]

describe('the runbook', { concurrency: false }, () => {
  let folder: string
  let port: number

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'steadfleet-runbooks-'))
    port = await freePort()
    await makeBase(join(folder, 'base'), port)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const runbook of runbooks) {
    test(`${runbook.page} works word by word`, { timeout: 300_000 }, async () => {
      const place = join(folder, runbook.page)
      cpSync(join(folder, 'base'), place, { recursive: true })
      const server = await startServer(join(place, 'my-fleet', 'server'), port)
      try {
        await follow(runbook, place, join(folder, 'base'))
      } finally {
        await server.end('SIGTERM')
      }
    })
  }

  // That of the server's disk is in `server-disk-runbook.test.ts`, for its server has a second store.
  test('each page of docs/runbooks is one of these', () => {
    const others = ['README.md', 'server-disk-lost.md']
    const pages = readdirSync('docs/runbooks').filter(name => !others.includes(name))
    assert.deepEqual(pages.sort(), runbooks.map(({ page }) => `${page}.md`).sort())
  })
})

async function follow(runbook: Runbook, folder: string, base: string): Promise<void> {
  const home = await openHome(join(folder, 'my-fleet'), async () => passphrase)
  const fleet = { home, client: await connect(home) }
  const params = { fleet: home.fleet }
  const { token } = await fleet.client.call(createEnrolmentToken, { params, body: {} })
  const device = await joinDevice(home.server, token)
  const follower = await openFollower(fleet.client, device, home.catalogueRoot)
  await untilOrdered(follower)
  if (runbook.cause) await type(runbook.cause, folder)
  const watch = runbook.isWatched ? watchFrom(fleet) : undefined
  for (const block of blocksOf(`docs/runbooks/${runbook.page}.md`)) {
    assert.equal(block.does, 'run')
    if (block.does === 'run') await type(block.script, folder)
  }
  await watch?.end()
  const before = follower.order?.counter ?? 0
  await follower.wake()
  // A new director signs anew; nothing else changes what the device shall run.
  if (runbook.page === 'director-stolen') await untilOrdered(follower, before)
  const stolen = (key: string): Signer =>
    signerFromPem(readFileSync(join(base, 'my-fleet', key), 'utf8'), passphrase)
  await runbook.holds({ folder, fleet, device, follower, stolen })
}

/** A fleet with encrypted keys, one release, and a channel that it follows. */
async function makeBase(folder: string, port: number): Promise<void> {
  const choices = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
  const world = { now: () => new Date(), random: (length: number) => randomBytes(length) }
  const server = `http://127.0.0.1:${port}`
  const home = join(folder, 'my-fleet')
  await initFleet(home, { ...choices, server, keys: { passphrase } }, world)
  writePackage(join(folder, 'greenhouse'))
  const running: ServerProcess = await startServer(join(home, 'server'), port)
  try {
    await type(
      `steadfleet channel follow acme/greenhouse latest/stable
steadfleet publish greenhouse --architecture amd64 --channel latest/stable`,
      folder,
    )
  } finally {
    await running.end('SIGTERM')
  }
}

function writePackage(folder: string): void {
  mkdirSync(join(folder, 'files'), { recursive: true })
  writeFileSync(join(folder, 'files', 'run'), '#!/bin/true\n', { mode: 0o755 })
  writeFileSync(
    join(folder, 'steadfleet.yaml'),
    `name: greenhouse
publisher: acme
version: "1.0"
architectures: [amd64]
sources:
  - directory: files
apps:
  web:
    command: [run]
support-end: 2030-12-31
security-contact: mailto:security@acme.example
`,
  )
}

/** Types into one shell, in which `npx steadfleet` is the checkout's own. */
async function type(script: string, cwd: string): Promise<void> {
  const memory = join(cwd, '.exports')
  const own = `npx() { "$@"; }; steadfleet() { "${process.execPath}" "${steadfleet}" "$@"; }`
  const whole = `set -e; [ ! -f ${memory} ] || . ${memory}\n${own}\n${script}\nexport -p > ${memory}`
  const { STEADFLEET_DIR: _, ...rest } = process.env
  const env = {
    ...rest,
    STEADFLEET_PASSPHRASE: passphrase,
    STEADFLEET_DIR: 'my-fleet',
  }
  try {
    const words = ['-o', 'pipefail', '-c', whole]
    const { stdout, stderr } = await promisify(execFile)('bash', words, { cwd, env })
    assert.ok(!`${stdout}${stderr}`.includes(passphrase))
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      message,
    } = error as { stdout?: string; stderr?: string; message: string }
    assert.fail(`${script}\n${stdout}${stderr}${stdout || stderr ? '' : message}`)
  }
}

/** Orders are signed after whoever caused them has been answered. */
async function untilOrdered(follower: Follower, above = 0): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((follower.order?.counter ?? 0) > above) return
    await follower.wake()
  }
  assert.fail(`no order above ${above} comes`)
}

function watchFrom({ client, home }: Fleet): { end(): Promise<void> } {
  let isOver = false
  let looks = 0
  const looking = (async () => {
    while (!isOver) {
      await lookAt(client, home.catalogueRoot)
      looks += 1
    }
  })()
  return {
    async end() {
      isOver = true
      await looking
      assert.ok(looks > 10, `only ${looks} looks`)
    },
  }
}

/** The publisher's role in force. */
function roleFile({ home }: Fleet): string {
  const folder = join(home.directory, 'server', 'catalogue')
  const versions = readdirSync(folder).flatMap(name => {
    const version = /^(\d+)\.acme\.json$/.exec(name)?.[1]
    return version === undefined ? [] : [Number(version)]
  })
  return join(folder, `${Math.max(...versions)}.acme.json`)
}
