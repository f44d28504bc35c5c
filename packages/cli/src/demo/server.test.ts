import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { health, makeClient } from '@steadfleet/protocol'
import { overFetch } from '../fleet/connect.ts'
import { initFleet } from '../fleet/init.ts'
import { run } from '../process/run.ts'
import { asUser, demoUsers } from '../process/users.ts'
import type { World } from '../world.ts'
import type { Scene } from './scene.ts'
import { startServer } from './server.ts'

const isRoot = process.getuid?.() === 0

test('as root, server and signer are two users, and the server reads no key', {
  skip: !isRoot && 'only root may choose users',
}, async t => {
  const directory = mkdtempSync(join(tmpdir(), 'steadfleet-users-'))
  t.after(() => rmSync(directory, { recursive: true }))
  chmodSync(directory, 0o755)
  const { scene, world } = sceneIn(directory, await freePort())
  const choices = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
  await initFleet(directory, { ...choices, server: scene.origin, keys: 'unencrypted' }, world)
  const { server, signer } = await startServer(scene, world)
  try {
    assert.ok(signer)
    assert.deepEqual([userOf(server.pid), userOf(signer.pid)], [demoUsers.server, demoUsers.signer])
    const key = join(directory, 'server/signer/director.pem')
    await assert.rejects(runAs(demoUsers.server, 'cat', key), /Permission denied/)
    assert.match(await runAs(demoUsers.signer, 'cat', key), /PRIVATE KEY/)
    const client = makeClient({ origin: scene.origin, transport: overFetch() })
    assert.equal((await client.call(health, {})).signer, true)
  } finally {
    await server.stop(10_000)
    await signer?.stop(10_000)
  }
})

function sceneIn(directory: string, port: number): { scene: Scene; world: World } {
  mkdirSync(join(directory, 'demo'))
  const origin = `http://127.0.0.1:${port}`
  const logOf = (name: string) => join(directory, 'demo', `${name}.log`)
  const scene = { directory, origin, deviceOrigin: origin, logOf }
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  const world = { isRoot, now: () => new Date(), random }
  return { scene: scene as unknown as Scene, world: world as unknown as World }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Real uid, from /proc. */
function userOf(pid: number): number {
  return Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

async function runAs(uid: number, ...words: string[]): Promise<string> {
  // In the group that both are in: what the server's group may read is not the point.
  const [program = '', ...rest] = [...asUser(uid, demoUsers.server), ...words]
  return run(program, rest)
}
