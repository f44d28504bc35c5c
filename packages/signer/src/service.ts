import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { CodedError, fromBase64, fromUtf8, toBase64 } from '@steadfleet/base'
import { object, parserOf } from '@steadfleet/domain'
import { Type } from 'typebox'
import { SignerError } from './error.ts'
import type { Floors } from './floors.ts'
import { type FurtherKeys, parseCatalogueName, parseFurtherRole } from './further.ts'
import type { Keyring } from './keyring.ts'
import { parseNamedRole, parseRole } from './rules.ts'
import { type SignatureBy, signAll, signFurther } from './sign.ts'

export interface Service {
  readonly keyring: Keyring
  readonly further: FurtherKeys
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
 * `{id, problem}`; what stands for a role in {@link acts} is done instead. Requests are taken one
 * by one, over all connections.
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

type Act = (keys: Service, payloads: readonly Uint8Array[]) => Promise<object> | object

/** What is asked of the keys besides signatures. A key that is made here signs once a root names it. */
const acts: Readonly<Record<string, Act>> = {
  keys: ({ keyring }) => ({ keys: keyring.keys() }),
  'make-key': async ({ keyring, further }, [name]) => {
    const role = fromUtf8(name ?? new Uint8Array())
    const ofAnother = parseFurtherRole(role)
    if (ofAnother) return { key: (await further.make(ofAnother)).key }
    return { key: await keyring.makeNext(parseNamedRole(role)) }
  },
  // A second payload names the further catalogue that the root is of.
  'offer-root': async ({ keyring, further }, [root = new Uint8Array(), name]) => {
    if (name) await further.offer(parseCatalogueName(fromUtf8(name)), root)
    else keyring.offer(root)
    return {}
  },
  look: async ({ keyring, further }, [name]) => {
    if (name) await further.look(parseCatalogueName(fromUtf8(name)))
    else await keyring.look()
    return {}
  },
}

async function answer(service: Service, line: string): Promise<object> {
  let id = -1
  try {
    const request = parseRequest(JSON.parse(line))
    id = request.id
    const payloads = request.payloads.map(fromBase64)
    const act = acts[request.role]
    if (act) return { id, ...(await act(service, payloads)) }
    const signatures = await sign(service, request.role, payloads)
    return { id, signatures: signatures.map(toJson) }
  } catch (error) {
    return { id, problem: problemOf(error) }
  }
}

function sign(service: Service, name: string, payloads: readonly Uint8Array[]) {
  const further = parseFurtherRole(name)
  if (further) return signFurther(service, further, payloads, service.now())
  return signAll(service, parseRole(name), payloads, service.now())
}

function toJson({ keyid, sig, next }: SignatureBy): object {
  return { keyid, sig: toBase64(sig), ...(next && { next: toJson(next) }) }
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
