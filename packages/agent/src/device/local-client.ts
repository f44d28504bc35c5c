import { request } from 'node:http'
import { CodedError } from '@steadfleet/base'
import {
  type LocalBody,
  type LocalQuery,
  type LocalReply,
  type LocalRole,
  type LocalRouteName,
  localRoutes,
} from '@steadfleet/protocol'
import type { Paths } from '../disk/paths.ts'
import { AgentError, isSystemError } from '../error.ts'
import { apiSocket } from '../say/api-server.ts'

/** What the agent answered instead: its code and words are the agent's own. */
export class LocalProblem extends CodedError<string> {}

export interface Asked<N extends LocalRouteName> {
  readonly query?: LocalQuery<N>
  readonly body?: LocalBody<N>
}

const patienceMs = 60_000

/** Asks the agent of this device, as its owner where that may be, else as one of its users. */
export async function askAgent<N extends LocalRouteName>(
  paths: Paths,
  name: N,
  asked: Asked<N>,
): Promise<LocalReply<N>> {
  const roles: LocalRole[] = ['owner', 'user']
  let refused: unknown
  for (const role of roles) {
    try {
      return (await ask(apiSocket(paths, role), name, asked)) as LocalReply<N>
    } catch (error) {
      const isClosed = isSystemError(error, 'EACCES')
      if (!isClosed && !(refused && isSystemError(error, 'ENOENT'))) throw orNoAgent(paths, error)
      refused = error
    }
  }
  const message = `cannot ask the agent of ${paths.root}: only its owner, and the group of its users, may`
  throw new AgentError('agent/not-allowed', message, { state: paths.root }, { cause: refused })
}

function orNoAgent({ root }: Paths, error: unknown): unknown {
  const isGone = ['ENOENT', 'ECONNREFUSED'].some(code => isSystemError(error, code))
  if (!isGone) return error
  const message = `cannot reach an agent in ${root}: none runs there (--state names another place)`
  return new AgentError('agent/no-agent', message, { state: root }, { cause: error })
}

async function ask(
  socketPath: string,
  name: LocalRouteName,
  { query, body }: { query?: object | undefined; body?: object | undefined },
): Promise<unknown> {
  const { method, path } = localRoutes[name]
  const search = new URLSearchParams(query as Record<string, string>).toString()
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const headers = { 'content-type': 'application/json' }
  const target = search ? `${path}?${search}` : path
  const sent = request({ socketPath, method, path: target, headers, timeout: patienceMs })
  sent.on('error', reject)
  sent.on('timeout', () => sent.destroy(new Error('the agent does not answer')))
  sent.on('response', response => {
    let text = ''
    response.setEncoding('utf8').on('data', piece => {
      text += piece
    })
    response.on('error', reject)
    response.on('end', () => {
      try {
        resolve(replyOf(response.statusCode ?? 500, text))
      } catch (error) {
        reject(error)
      }
    })
  })
  sent.end(method === 'POST' ? JSON.stringify(body ?? {}) : undefined)
  return promise
}

function replyOf(status: number, text: string): unknown {
  const reply = JSON.parse(text)
  if (status === 200) return reply
  throw new LocalProblem(reply.type, reply.title)
}
