import { createServer, type IncomingMessage, type Server } from 'node:http'
import { BytesError, CodedError, fromUtf8 } from '@steadfleet/base'
import { TrustError } from '@steadfleet/trust'
import { WitnessError, type WitnessErrorCode } from './error.ts'
import type { Witness } from './witness.ts'

interface Reply {
  readonly status: number
  readonly body: string
  readonly type?: string
}

/** The status each refusal wears. C2SP tlog-witness §"add-checkpoint" */
const statuses: Readonly<Partial<Record<WitnessErrorCode, number>>> = {
  'witness/malformed': 400,
  'witness/not-signed': 403,
  'witness/unknown-log': 404,
  'witness/conflict': 409,
  'witness/not-consistent': 422,
}

/** A proof of 63 hashes and the longest note fit in. */
const longestBody = 256 * 1024

/** The HTTP face of a witness: `POST /add-checkpoint`, and nothing else. */
export function makeServer(witness: Witness, tell: (refusal: CodedError) => void): Server {
  const options = {
    requestTimeout: 10_000,
    headersTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
  }
  const server = createServer(options, async (request, response) => {
    const {
      status,
      body,
      type = 'text/plain; charset=utf-8',
    } = await answer(witness, request, tell)
    // What is left of a body that is too long is not read.
    if (status === 413) response.setHeader('Connection', 'close')
    response.writeHead(status, { 'Content-Type': type }).end(body)
  })
  server.maxConnections = 256
  return server
}

async function answer(
  witness: Witness,
  request: IncomingMessage,
  tell: (refusal: CodedError) => void,
): Promise<Reply> {
  if (request.url !== '/add-checkpoint') return { status: 404, body: 'cannot find this\n' }
  if (request.method !== 'POST') return { status: 405, body: 'cannot do this: POST only\n' }
  try {
    const body = await readBody(request)
    if (body === undefined) return { status: 413, body: 'cannot read a request that long\n' }
    return { status: 200, body: await witness(fromUtf8(body)) }
  } catch (error) {
    if (error instanceof CodedError) tell(error)
    return toReply(error)
  }
}

/** Only refusals explain themselves; of what went wrong in here a stranger learns nothing. */
function toReply(error: unknown): Reply {
  if (error instanceof TrustError || error instanceof BytesError) {
    return { status: 400, body: `${error.message}\n` }
  }
  const status = error instanceof WitnessError ? statuses[error.code] : undefined
  if (!(error instanceof WitnessError) || status === undefined) {
    return { status: 500, body: 'cannot witness now\n' }
  }
  return status === 409
    ? { status, body: `${error.details.size}\n`, type: 'text/x.tlog.size' }
    : { status, body: `${error.message}\n` }
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request) {
    length += part.length
    if (length > longestBody) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}
