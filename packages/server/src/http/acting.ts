import { digestOf } from '@steadfleet/base'
import { type RouteSpec, routes } from '@steadfleet/protocol'
import type { FastifyRequest } from 'fastify'
import { audited } from '../store/audited.ts'
import type { CommandName, InputOf, OutputOf } from '../store/commands.ts'
import type { Store } from '../store/store.ts'
import type { Actor } from '../store/tell.ts'
import { fleetOf } from './fleet-of.ts'
import { type Caller, nameOf } from './permissions.ts'

/** Carries out a command for whoever called. */
export type Write = <N extends CommandName>(name: N, input: InputOf<N>) => Promise<OutputOf<N>>

/** One call, and what of it stands in the audit log. */
export interface Acting {
  readonly write: Write
  /** Writes the call itself down, where it was an act and none of its commands has been told. */
  finish(): Promise<void>
}

/** The longest body that the log repeats; of a longer one it has the digest. */
const mostRepeated = 4096

const names = new Map<RouteSpec, string>(Object.entries(routes).map(([name, one]) => [one, name]))

export function actAs(
  store: Store,
  route: RouteSpec,
  { caller, request }: { readonly caller: Caller; readonly request: FastifyRequest },
): Acting {
  const actor = actorOf(caller, request)
  let isTold = false
  const write: Write = (name, input) => {
    isTold ||= audited[name] !== undefined
    return store.write(name, input, actor)
  }
  return {
    write,
    async finish() {
      if (isTold || !isAct(route)) return
      const fleet = (await fleetOf(store.db, request.params)) ?? ''
      const subject = Object.values(request.params as Record<string, string>).join(' ')
      const act = names.get(route) ?? route.path
      await write('noteAct', { act, fleet, subject, after: contentOf(request.body) })
    },
  }
}

/** Reads are no acts; nor is what devices say, or what a stranger may send. */
function isAct({ method, needs, isNoAct }: RouteSpec): boolean {
  const isRead = method === 'GET' || method === 'HEAD'
  return !isRead && !isNoAct && needs !== 'anyone' && needs !== 'device'
}

function actorOf(caller: Caller, { ip }: FastifyRequest): Actor {
  const means = caller.kind === 'person' ? caller.by : caller.kind
  return { by: nameOf(caller), place: `${means} ${ip}` }
}

/** What was sent: a short document as it is, of anything else its digest. */
function contentOf(body: unknown): unknown {
  if (!(body instanceof Buffer) || body.length === 0) return undefined
  const digest = { digest: digestOf(new Uint8Array(body)), length: body.length }
  if (body.length > mostRepeated) return digest
  try {
    return JSON.parse(body.toString())
  } catch {
    return digest
  }
}
