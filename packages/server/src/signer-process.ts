import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { ServerError } from './error.ts'
import { connectSigner, type SignerClient } from './signer-client.ts'

/** The signer as a child: it holds the online keys, and ends when this process does. */
export interface RunningSigner extends AsyncDisposable {
  readonly client: SignerClient
}

export interface SignerPlace {
  readonly keys: string
  /** The server's folder: its roots say which keys may sign. */
  readonly data: string
  readonly socket: string
  /** Where its floors are kept a second time. */
  readonly secondStore: string | undefined
  /** Called when the signer ends though nobody ended it. */
  readonly onExit: () => void
}

const program = join(import.meta.dirname, '../../signer/src/main.ts')

export async function startSigner({
  keys,
  data,
  socket,
  secondStore,
  onExit,
}: SignerPlace): Promise<RunningSigner> {
  // Its standard input is the leash: it ends with this process, also after a kill.
  const second = secondStore === undefined ? [] : ['--second-store', secondStore]
  const words = [program, '--keys', keys, '--data', data, '--socket', socket, ...second]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] })
  await isReady(child)
  const folder = await open(dirname(socket))
  const client = await connectSigner(shortPath(folder, socket))
  let isClosing = false
  child.once('exit', () => {
    if (!isClosing) onExit()
  })
  return {
    client,
    async [Symbol.asyncDispose]() {
      isClosing = true
      client[Symbol.dispose]()
      const hasEnded = child.exitCode === null ? once(child, 'exit') : undefined
      child.stdin?.end()
      await hasEnded
      await folder.close()
    },
  }
}

/** A signer that somebody else started, as another user or under a service manager, and who ends it. */
export async function joinSigner(socket: string, onExit: () => void): Promise<RunningSigner> {
  const folder = await open(dirname(socket))
  let isClosing = false
  const onClose = () => {
    void folder.close()
    if (!isClosing) onExit()
  }
  try {
    const client = await connectSigner(shortPath(folder, socket), onClose)
    return {
      client,
      async [Symbol.asyncDispose]() {
        isClosing = true
        client[Symbol.dispose]()
      },
    }
  } catch (cause) {
    await folder.close()
    const message = `cannot reach the signer at ${socket}`
    throw new ServerError('signer/unavailable', message, { socket }, { cause })
  }
}

/** A path of a socket is at most 107 bytes long; through its open folder any depth will do. */
function shortPath(folder: FileHandle, socket: string): string {
  return join('/proc/self/fd', String(folder.fd), basename(socket))
}

async function isReady(child: ChildProcess): Promise<void> {
  const errors: string[] = []
  if (!child.stdout || !child.stderr) throw new TypeError('the signer has no output')
  createInterface({ input: child.stderr }).on('line', line => errors.push(line))
  const lines = createInterface({ input: child.stdout })
  const outcome = await Promise.race([
    once(lines, 'line').then(() => 'ready' as const),
    once(child, 'exit').then(() => 'ended' as const),
  ])
  if (outcome === 'ready') return
  const message = `cannot start the signer: ${errors.join(' ') || 'it ended at once'}`
  throw new ServerError('signer/unavailable', message)
}
