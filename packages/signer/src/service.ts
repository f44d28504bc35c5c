import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { CodedError, fromBase64, toBase64 } from '@steadfleet/base'
import { object, parserOf } from '@steadfleet/domain'
import { Type } from 'typebox'
import { SignerError } from './error.ts'
import type { Floors } from './floors.ts'
import type { Keyring } from './keyring.ts'
import { parseRole, roles } from './rules.ts'
import { signAll } from './sign.ts'

export interface Service {
  readonly keyring: Keyring
  readonly floors: Floors
  readonly now: () => Date
}

const parseRequest = parserOf(
  'signing request',
  object({
    id: Type.Integer({ minimum: 0 }),
    role: Type.String(),
    /** Base64 of each payload; none at all asks only which keys the signer holds. */
    payloads: Type.Array(Type.String(), { maxItems: 10_000 }),
  }),
)

/**
 * Answers lines of JSON on a connection: `{id, role, payloads}` gets `{id, signatures}` or
 * `{id, problem}`; role `keys` gets `{id, keys}`. Requests are taken one by one, over all connections.
 */
export function makeService(service: Service): Server {
  let turn: Promise<unknown> = Promise.resolve()
  return createServer(socket => {
    socket.on('error', () => socket.destroy())
    createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY }).on('line', line => {
      turn = turn.then(() => answer(service, line).then(reply => send(socket, reply)))
    })
  })
}

async function answer(service: Service, line: string): Promise<object> {
  let id = -1
  try {
    const request = parseRequest(JSON.parse(line))
    id = request.id
    if (request.role === 'keys') return { id, keys: keysOf(service.keyring) }
    const role = parseRole(request.role)
    const signatures = await signAll(service, role, request.payloads.map(fromBase64), service.now())
    return { id, signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) })) }
  } catch (error) {
    return { id, problem: problemOf(error) }
  }
}

function keysOf(keyring: Keyring): object {
  return Object.fromEntries(roles.map(role => [role, keyring.signers[role]?.key]))
}

function problemOf(error: unknown): object {
  if (error instanceof SignerError) {
    return { code: error.code, message: error.message, details: error.details }
  }
  const why =
    error instanceof CodedError || error instanceof SyntaxError ? error.message : 'a fault'
  return { code: 'signer/malformed', message: `cannot sign: ${why}`, details: {} }
}

function send(socket: Socket, reply: object): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`)
}
