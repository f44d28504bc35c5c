import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import {
  fromBase64,
  isJsonObject,
  type Json,
  type JsonObject,
  toBase64,
  toUtf8,
} from '@steadfleet/base'
import { type PublicKey, publicKey } from '@steadfleet/trust'
import { ServerError } from './error.ts'

export type OnlineRole =
  | 'snapshot'
  | 'timestamp'
  | 'director'
  | 'log'
  | `${'snapshot' | 'timestamp'}@${string}`

export interface OnlineSignature {
  readonly keyid: string
  readonly sig: Uint8Array
  /** By the key that a root on its way names instead. */
  readonly next?: OnlineSignature
}

/** What the signer answered where it would not sign; `held` is the number it signed before. */
export interface SignerRefusal {
  readonly code: string
  readonly message: string
  readonly name?: string
  readonly held?: number
}

/** The other end of the signer process's socket. */
export interface SignerClient extends Disposable {
  /** Signs payloads of one role, all or none. */
  sign(
    role: OnlineRole,
    payloads: readonly Uint8Array[],
  ): Promise<readonly OnlineSignature[] | SignerRefusal>
  /** The public key of each role that the signer holds. */
  keys(): Promise<Readonly<Partial<Record<OnlineRole, PublicKey>>>>
  /** A new key that waits for a root to name it for this role; one that waited before is gone. */
  makeKey(role: OnlineRole): Promise<PublicKey>
  /**
   * Announces a signed root, of a further catalogue where one is named: until {@link look}, what is
   * signed holds under it too.
   */
  offerRoot(root: Uint8Array, catalogue?: string): Promise<void>
  /** Has it look which roots are in force. */
  look(catalogue?: string): Promise<void>
  isConnected(): boolean
}

interface Waiting {
  resolve(reply: JsonObject): void
  reject(error: Error): void
}

export async function connectSigner(
  path: string,
  onClose: () => void = () => undefined,
): Promise<SignerClient> {
  const socket = await connected(path)
  socket.on('close', onClose)
  const ask = makeAsk(socket)
  return {
    async sign(role, payloads) {
      const { signatures, problem } = await ask(role, payloads.map(toBase64))
      return Array.isArray(signatures) ? signatures.map(toSignature) : toRefusal(problem)
    },
    async keys() {
      const { keys } = await ask('keys', [])
      return keys as unknown as Readonly<Partial<Record<OnlineRole, PublicKey>>>
    },
    async makeKey(role) {
      const { key, problem } = await ask('make-key', [toBase64(toUtf8(role))])
      refuseProblem(problem)
      return publicKey(key, 'key')
    },
    async offerRoot(root, catalogue) {
      refuseProblem((await ask('offer-root', [toBase64(root), ...nameOf(catalogue)])).problem)
    },
    async look(catalogue) {
      refuseProblem((await ask('look', nameOf(catalogue))).problem)
    },
    isConnected: () => !socket.destroyed,
    [Symbol.dispose]: () => socket.destroy(),
  }
}

/** A signature, and the one beside it while a root is on its way. */
export function bothOf(signature: OnlineSignature): OnlineSignature[] {
  return signature.next ? [signature, signature.next] : [signature]
}

/** True for an answer that is no signature. */
export function isRefusal(
  answer: readonly OnlineSignature[] | SignerRefusal,
): answer is SignerRefusal {
  return 'code' in answer
}

function makeAsk(
  socket: Socket,
): (role: string, payloads: readonly string[]) => Promise<JsonObject> {
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  createInterface({ input: socket }).on('line', line => {
    const reply = JSON.parse(line) as JsonObject
    waiting.get(Number(reply.id))?.resolve(reply)
    waiting.delete(Number(reply.id))
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(unavailable())
    waiting.clear()
  })
  return (role, payloads) =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) return reject(unavailable())
      lastId += 1
      waiting.set(lastId, { resolve, reject })
      socket.write(`${JSON.stringify({ id: lastId, role, payloads })}\n`)
    })
}

function nameOf(catalogue: string | undefined): string[] {
  return catalogue === undefined ? [] : [toBase64(toUtf8(catalogue))]
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('connect', () => resolve(socket)).once('error', reject)
  })
}

function toSignature(value: Json): OnlineSignature {
  if (!isJsonObject(value)) throw unavailable()
  const { keyid, sig, next } = value
  return {
    keyid: String(keyid),
    sig: fromBase64(String(sig)),
    ...(next !== undefined && { next: toSignature(next) }),
  }
}

/** Only what concerns the asker keeps its code. */
function refuseProblem(problem: Json | undefined): void {
  if (problem === undefined) return
  const { code, message } = toRefusal(problem)
  const known = code === 'signer/not-named' ? code : 'signer/unavailable'
  throw new ServerError(known, message)
}

function toRefusal(problem: Json | undefined): SignerRefusal {
  const { code, message, details } = membersOf(problem)
  const { name, held } = membersOf(details)
  return {
    code: String(code),
    message: String(message),
    ...(typeof name === 'string' && { name }),
    ...(typeof held === 'number' && { held }),
  }
}

function membersOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function unavailable(): ServerError {
  return new ServerError('signer/unavailable', 'cannot sign: the signer is not there')
}
