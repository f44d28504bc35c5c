import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { noteKeyOf, signerFromPem, toNoteKeyText } from '@steadfleet/authority'
import { isCoded } from '@steadfleet/base'
import { type NoteKey, parseNoteKey } from '@steadfleet/trust'
import { WitnessError } from './error.ts'
import { makeServer } from './server.ts'
import { openState } from './state.ts'
import { makeWitness } from './witness.ts'

const { values } = parseArgs({
  options: {
    state: { type: 'string' },
    listen: { type: 'string', default: '127.0.0.1:0' },
    name: { type: 'string' },
    key: { type: 'string' },
    log: { type: 'string' },
  },
})

try {
  await run()
} catch (error) {
  tell(error)
  process.exit(1)
}

/** Witnesses until it is told to end. Each request that was answered is on the disk already. */
async function run(): Promise<void> {
  const { state: folder, name, key: keyFile, log } = values
  if (!folder || !name || !keyFile || !log) throw usage()
  const signer = signerFromPem(await readFile(keyFile, 'utf8'))
  const key = toNoteKeyText(noteKeyOf(name, 'cosignature', signer))
  const logs = parseLogs(await readFile(log, 'utf8'))
  const state = await openState(folder)
  // Damaged state is told now, not when the first log asks.
  for (const { name: origin } of logs) await state.read(origin)
  const witness = makeWitness({ name, signer, logs, state, now: () => new Date() })
  const server = makeServer(witness, tell)
  const address = await listen(server, values.listen)
  process.stdout.write(`${JSON.stringify({ ready: true, origin: `http://${address}`, key })}\n`)
  const end = () => {
    server.close(() => process.exit(0))
    server.closeIdleConnections()
  }
  process.on('SIGTERM', end).on('SIGINT', end)
}

/** One log key a line; empty lines and those that begin with # are skipped. */
function parseLogs(text: string): NoteKey[] {
  const lines = text.split('\n').map(line => line.trim())
  const keys = lines.filter(line => line !== '' && !line.startsWith('#')).map(parseNoteKey)
  if (keys.length > 0 && keys.every(({ type }) => type === 'ed25519')) return keys
  throw new WitnessError('witness/usage', 'cannot witness: the log file names no log keys')
}

function listen(server: ReturnType<typeof makeServer>, text: string): Promise<string> {
  const [, host, port] = /^(.+):(\d+)$/.exec(text) ?? []
  if (host === undefined) throw usage()
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(Number(port), host.replace(/^\[|\]$/g, ''), () => {
      const { address, family, port: chosen } = server.address() as AddressInfo
      resolve(family === 'IPv6' ? `[${address}]:${chosen}` : `${address}:${chosen}`)
    })
  })
}

function tell(error: unknown): void {
  const { code, message, details } = isCoded(error)
    ? error
    : { code: 'witness/fault', message: String(error), details: {} }
  process.stderr.write(`${JSON.stringify({ code, message, ...details })}\n`)
}

function usage(): WitnessError {
  const line = 'witness --state DIR --listen HOST:PORT --name NAME --key FILE --log FILE'
  return new WitnessError('witness/usage', `cannot understand the command: ${line}`)
}
