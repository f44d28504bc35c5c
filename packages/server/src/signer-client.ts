import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fromBase64, isJsonObject, type Json, type JsonObject, toBase64 } from '@steadfleet/base'
import type { PublicKey } from '@steadfleet/trust'
import { ServerError } from './error.ts'

export type OnlineRole = 'snapshot' | 'timestamp' | 'director'

export interface OnlineSignature {
  readonly keyid: string
  readonly sig: Uint8Array
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
  keys(): Promise<Readonly<Record<OnlineRole, PublicKey>>>
  isConnected(): boolean
}

interface Waiting {
  resolve(reply: JsonObject): void
  reject(error: Error): void
}

export async function connectSigner(path: string): Promise<SignerClient> {
  const socket = await connected(path)
  const ask = makeAsk(socket)
  return {
    async sign(role, payloads) {
      const { signatures, problem } = await ask(role, payloads.map(toBase64))
      return Array.isArray(signatures) ? signatures.map(toSignature) : toRefusal(problem)
    },
    async keys() {
      const { keys } = await ask('keys', [])
      return keys as unknown as Readonly<Record<OnlineRole, PublicKey>>
    },
    isConnected: () => !socket.destroyed,
    [Symbol.dispose]: () => socket.destroy(),
  }
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

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('connect', () => resolve(socket)).once('error', reject)
  })
}

function toSignature(value: Json): OnlineSignature {
  if (!isJsonObject(value)) throw unavailable()
  return { keyid: String(value.keyid), sig: fromBase64(String(value.sig)) }
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
