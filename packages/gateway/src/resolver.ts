import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import {
  type DnsMessage,
  type DnsQuestion,
  parseDnsMessage,
  toDnsQuery,
} from '@steadfleet/confine/dns'
import { GatewayError } from './error.ts'

export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** An answer, and its bytes as they came. */
export interface Answer {
  readonly message: DnsMessage
  readonly bytes: Uint8Array
}

/** Finds the answer to a question; error: `gateway/resolver`. */
export type Resolve = (question: DnsQuestion) => Promise<Answer>

const patience = 2_500

export function parseEndpoint(text: string): Endpoint {
  const at = text.lastIndexOf(':')
  return { address: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) }
}

/** Asks the upstream resolvers, one after the other, over UDP and, for a long answer, over TCP. */
export function resolverOf(upstream: readonly Endpoint[]): Resolve {
  return async question => {
    let last: unknown
    for (const one of upstream) {
      try {
        const answer = await exchange(overUdp, one, question)
        return answer.message.isTruncated ? await exchange(overTcp, one, question) : answer
      } catch (error) {
        last = error
      }
    }
    const why = last instanceof Error ? last.message : 'there is no resolver'
    throw new GatewayError('gateway/resolver', `cannot resolve ${question.name}: ${why}`)
  }
}

type Transport = (
  to: Endpoint,
  query: Uint8Array,
  isAnswer: (bytes: Uint8Array) => boolean,
) => Promise<Uint8Array>

async function exchange(by: Transport, to: Endpoint, question: DnsQuestion): Promise<Answer> {
  const id = randomInt(65_536)
  const isAnswer = (bytes: Uint8Array): boolean => isAnswerTo(id, question, bytes)
  const bytes = await by(to, toDnsQuery(id, question), isAnswer)
  return { message: parseDnsMessage(bytes), bytes }
}

/** What is no answer to this very question is not waited on any less: somebody may be guessing. */
function isAnswerTo(id: number, { name, type }: DnsQuestion, bytes: Uint8Array): boolean {
  try {
    const { isAnswer, id: said, questions } = parseDnsMessage(bytes)
    const [asked] = questions
    return isAnswer && said === id && asked?.name === name && asked.type === type
  } catch {
    return false
  }
}

const overUdp: Transport = ({ address, port }, query, isAnswer) =>
  new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    const end = (act: () => void): void => {
      clearTimeout(late)
      socket.close()
      act()
    }
    const late = setTimeout(() => end(() => reject(new Error('no answer'))), patience)
    socket
      .on('error', error => end(() => reject(error)))
      .on('message', bytes => {
        if (isAnswer(bytes)) end(() => resolve(new Uint8Array(bytes)))
      })
      .connect(port, address, () => socket.send(query))
  })

const overTcp: Transport = ({ address, port }, query, isAnswer) =>
  new Promise((resolve, reject) => {
    let held = Buffer.alloc(0)
    const socket = connect({ host: address, port })
    const end = (act: () => void): void => {
      clearTimeout(late)
      socket.destroy()
      act()
    }
    // From the first byte to the last: who sends one now and then is no resolver.
    const late = setTimeout(() => end(() => reject(new Error('no answer'))), patience)
    socket
      .on('connect', () => socket.write(framed(query)))
      .on('error', error => end(() => reject(error)))
      .on('close', () => end(() => reject(new Error('no answer'))))
      .on('data', (part: Uint8Array) => {
        held = Buffer.concat([held, part])
        const whole = unframed(held)
        // The longest message is 65,535 bytes, and one of none is never whole.
        if (!whole && held.length > 65_537) end(() => reject(new Error('odd answer')))
        if (whole) end(() => (isAnswer(whole) ? resolve(whole) : reject(new Error('odd answer'))))
      })
  })

/** Over TCP each message is preceded by its length. RFC 1035 §4.2.2 */
export function framed(message: Uint8Array): Uint8Array {
  return Uint8Array.from([message.length >> 8, message.length & 0xff, ...message])
}

export function unframed(held: Uint8Array): Uint8Array | undefined {
  const length = ((held[0] ?? 0) << 8) | (held[1] ?? 0)
  return held.length >= length + 2 && length > 0 ? held.slice(2, length + 2) : undefined
}
