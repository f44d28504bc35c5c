import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverCommand } from '../commands/serve.ts'
import { launch } from '../process/child.ts'
import { type Ran, runWords } from '../testing.ts'
import { connect } from './connect.ts'
import { saveHome } from './home.ts'
import { initFleet } from './init.ts'
import type { Fleet } from './open.ts'

type Environment = Readonly<Record<string, string>>

/** A fleet of the publisher `acme` with unencrypted keys, and its server, in a folder of their own. */
export interface ServedFleet extends AsyncDisposable {
  readonly directory: string
  readonly offline: string
  readonly data: string
  readonly fleet: Fleet
  /** Types a command in the folder, or in another that knows of no fleet. */
  run(words: string, elsewhere?: string, environment?: Environment): Promise<Ran>
  /** Ends the server; the folder stays. */
  stop(): Promise<void>
  /** What a command that must succeed prints. */
  done(words: string, environment?: Environment): Promise<string>
}

export async function openServedFleet(): Promise<ServedFleet> {
  const world = { now: () => new Date(), random: (length: number) => randomBytes(length) }
  const directory = mkdtempSync(join(tmpdir(), 'steadfleet-served-'))
  const chosen = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
  const choices = { ...chosen, server: 'http://127.0.0.1:1', keys: 'unencrypted' } as const
  const made = await initFleet(join(directory, 'fleet'), choices, world)
  const server = launch({
    name: 'the server',
    command: serverCommand(made.server, ['--listen', '127.0.0.1:0']),
    log: join(directory, 'server.log'),
    isReady: line => line.includes('"ready":true'),
  })
  const { origins } = JSON.parse(await server.first) as { origins: string[] }
  const home = { ...made.home, server: origins[0] ?? '' }
  await saveHome(home)
  const run: ServedFleet['run'] = (words, elsewhere, environment = {}) => {
    const where = elsewhere === undefined ? ['--dir', home.directory] : []
    const typed = words.split(' ').filter(word => word !== '')
    return runWords([...typed, ...where], elsewhere ?? directory, { ...world, environment })
  }
  return {
    directory,
    offline: made.offline,
    data: made.server,
    fleet: { home, client: await connect(home) },
    run,
    async done(words, environment) {
      const { exit, out, err } = await run(words, undefined, environment)
      assert.equal(exit, 0, `${words}: ${err}`)
      return out
    },
    stop: async () => void (await server.stop(10_000)),
    async [Symbol.asyncDispose]() {
      await server.stop(10_000)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
