import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { noteKeyOf, signerFromSeed, toNoteKeyText, toPkcs8Pem } from '@steadfleet/authority'
import { type LogPolicy, logPolicy } from '@steadfleet/trust'

/** A real witness process, which a test may end and start again at the same address. */
export interface TestWitness {
  readonly key: string
  readonly url: string
  end(): Promise<void>
  start(): Promise<void>
}

/** The key of a log, and real witnesses that know it. */
export interface TestLog extends AsyncDisposable {
  readonly origin: string
  readonly seed: Uint8Array
  readonly witnesses: readonly TestWitness[]
  readonly choice: { readonly key: string; readonly witnesses: string[]; readonly quorum: number }
  readonly policy: LogPolicy
  /** The same log under another name, which its witnesses know too from now on. */
  shard(name: string): Promise<TestLog['choice']>
}

const program = join(import.meta.dirname, '../../../witness/src/main.ts')
const origin = 'home.log/test'

export async function openTestLog(count: number, quorum: number): Promise<TestLog> {
  const folder = await mkdtemp(join(tmpdir(), 'steadfleet-witness-'))
  const seed = new Uint8Array(randomBytes(32))
  const key = toNoteKeyText(noteKeyOf(origin, 'ed25519', signerFromSeed(seed)))
  await writeFile(join(folder, 'log'), `${key}\n`)
  const names = Array.from({ length: count }, (_, i) => `w${i + 1}`)
  const witnesses = await Promise.all(names.map(name => startWitness(folder, name)))
  const choice = { key, witnesses: witnesses.map(one => one.key), quorum }
  return {
    origin,
    seed,
    witnesses,
    choice,
    policy: logPolicy(choice, 'policy'),
    async shard(name) {
      const other = toNoteKeyText(noteKeyOf(name, 'ed25519', signerFromSeed(seed)))
      await appendFile(join(folder, 'log'), `${other}\n`)
      for (const witness of witnesses) {
        await witness.end()
        await witness.start()
      }
      return { ...choice, key: other }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(witnesses.map(witness => witness.end()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function startWitness(folder: string, name: string): Promise<TestWitness> {
  const key = join(folder, `${name}.pem`)
  await writeFile(key, toPkcs8Pem(new Uint8Array(randomBytes(32))), { mode: 0o600 })
  let running: ChildProcess | undefined
  const launch = async (port: string): Promise<{ origin: string; key: string }> => {
    const files = ['--state', join(folder, name), '--key', key, '--log', join(folder, 'log')]
    const words = [program, ...files, '--name', `${name}.example`, '--listen', `127.0.0.1:${port}`]
    running = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] })
    if (!running.stdout) throw new TypeError('the witness has no output')
    const [line] = await once(createInterface({ input: running.stdout }), 'line')
    return JSON.parse(String(line))
  }
  const { origin: url, key: text } = await launch('0')
  return {
    key: text,
    url,
    async end() {
      if (!running || running.exitCode !== null || running.signalCode !== null) return
      const ended = once(running, 'exit')
      running.kill('SIGKILL')
      await ended
    },
    start: async () => void (await launch(new URL(url).port)),
  }
}
