import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { initFleet } from '../packages/cli/src/fleet/init.ts'
import { startServer } from '../packages/server/src/testing/server-process.ts'
import { noPostgres, startTestPostgres } from '../packages/server/src/testing/test-postgres.ts'
import { followGuide } from './guide.ts'

test('the guide “the server on PostgreSQL” works word by word', {
  ...{ skip: noPostgres, timeout: 300_000 },
}, async t => {
  await using postgres = await startTestPostgres()
  // The reader's database is that of the machine.
  const socket = /host=([^&]+)/.exec(postgres.url())?.[1]
  Object.assign(process.env, { PGHOST: socket, PGUSER: 'fleet' })
  await followGuide(t, {
    ...{ file: 'docs/guides/postgresql.md', ports: [8491, 8492], programs: ['/usr/bin/createdb'] },
    before: folder => makeServed(join(folder, '.steadfleet')),
  })
})

/** The folder of a fleet whose server ran once, with its file of SQLite. */
async function makeServed(folder: string): Promise<void> {
  const choices = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
  const world = { now: () => new Date(), random: (length: number) => randomBytes(length) }
  const server = 'http://127.0.0.1:8491'
  await initFleet(folder, { ...choices, server, keys: 'unencrypted' }, world)
  const running = await startServer(join(folder, 'server'))
  await running.end('SIGTERM')
}
