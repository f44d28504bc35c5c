import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { health } from '@steadfleet/protocol'
import { startServer } from '../testing/server-process.ts'
import { openTestFleet, type TestFleet } from '../testing/test-fleet.ts'

const program = join(import.meta.dirname, '../../../signer/src/main.ts')

test('a server asks the signer that somebody else runs, and finds it again', async () => {
  const it = await openTestFleet()
  await it.server().end('SIGTERM')
  const socket = join(it.data, 'signer.sock')
  let signer = await startSigner(it, socket)
  const server = await startServer(it.data, Number(new URL(it.origin()).port), ['--signer', socket])
  try {
    await it.publish({ revision: 1 })
    await end(signer)
    await untilSigner(it, false)
    signer = await startSigner(it, socket)
    await untilSigner(it, true)
    await it.publish({ revision: 2 })
  } finally {
    await server.end('SIGTERM')
    await end(signer)
    await it[Symbol.asyncDispose]()
  }
  assert.equal(server.log().includes('"level":60'), false)
})

test('and refuses to start where nobody runs it', async () => {
  const it = await openTestFleet()
  await it.server().end('SIGTERM')
  const nobody = ['--signer', join(it.data, 'nobody.sock')]
  await assert.rejects(startServer(it.data, 0, nobody), /signer\/unavailable/)
  await it[Symbol.asyncDispose]()
})

async function startSigner({ data }: TestFleet, socket: string): Promise<ChildProcess> {
  const words = ['--keys', join(data, 'signer'), '--data', data, '--socket', socket]
  const child = spawn(process.execPath, [program, ...words], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(createInterface({ input: child.stdout! }), 'line')
  return child
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.stdin?.end()
  await ended
}

async function untilSigner(it: TestFleet, isThere: boolean): Promise<void> {
  while ((await it.anyone.call(health, {})).signer !== isThere) await wait(20)
}
