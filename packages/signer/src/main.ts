import { chmod, unlink } from 'node:fs/promises'
import { createConnection, type Server } from 'node:net'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { SignerError } from './error.ts'
import { openFloors } from './floors.ts'
import { openFurtherKeys } from './further.ts'
import { openKeyring } from './keyring.ts'
import { makeService } from './service.ts'

const { values } = parseArgs({
  options: {
    keys: { type: 'string' },
    data: { type: 'string' },
    socket: { type: 'string' },
    'second-store': { type: 'string' },
    /** All of the socket's group may ask, not its user alone. */
    share: { type: 'boolean', default: false },
  },
})

try {
  await run(values)
} catch (error) {
  const { code, message } = error as { code?: string; message?: string }
  process.stderr.write(`${JSON.stringify({ code: code ?? 'signer/fault', message })}\n`)
  process.exit(1)
}

/** Signs until whoever started it goes away: its standard input ends then, whatever ended them. */
async function run({ keys, data, socket, share, ...more }: typeof values): Promise<void> {
  if (!keys || !data || !socket) {
    throw new TypeError(
      'usage: signer --keys DIR --data DIR --socket PATH [--second-store DIR] [--share]',
    )
  }
  process.umask(0o077)
  const keyring = await openKeyring(keys, resolve(data))
  const second = more['second-store']
  const copies = second === undefined ? [] : [join(resolve(second), 'floors')]
  const floors = await openFloors(join(keys, 'floors'), ...copies)
  const further = openFurtherKeys(resolve(keys), resolve(data))
  const service = makeService({ keyring, further, floors, now: () => new Date() })
  // A path of a socket is at most 107 bytes long, and its folder may be deep.
  process.chdir(dirname(socket))
  await refuseSecond(basename(socket))
  await listen(service, basename(socket), share ? 0o660 : 0o600)
  process.stdout.write('{"ready":true}\n')
  const end = () => process.exit(0)
  process.stdin.on('end', end).on('close', end).on('error', end).resume()
  process.on('SIGTERM', end).on('SIGINT', () => undefined)
}

async function listen(service: Server, path: string, mode: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    service.once('error', reject).listen(path, resolve)
  })
  await chmod(path, mode)
}

/** A socket that nobody listens on is left of a crash; one that answers is another signer's. */
async function refuseSecond(path: string): Promise<void> {
  const state = await new Promise<'answers' | 'dead' | 'absent'>(resolve => {
    const probe = createConnection(path)
    probe.on('connect', () => {
      probe.destroy()
      resolve('answers')
    })
    probe.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ENOENT' ? 'absent' : 'dead')
    })
  })
  if (state === 'answers') {
    throw new SignerError('signer/busy', `cannot listen on ${path}: another signer does`)
  }
  if (state === 'dead') await unlink(path)
}
