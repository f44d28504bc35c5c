import type * as protocol from '@steadfleet/protocol'
import {
  type BodyOf,
  type ParamsOf,
  parseProblem,
  type QueryOf,
  type ReplyOf,
  type RouteSpec,
} from '@steadfleet/protocol'
import { localProblem } from './problem.ts'

type Protocol = typeof protocol
type RouteName = {
  [N in keyof Protocol]: Protocol[N] extends RouteSpec ? N : never
}[keyof Protocol]
type Line<S> = S extends RouteSpec ? `${S['method']} ${S['path']}` : never

/**
 * The routes the dashboard calls. Only their types come from `protocol`, so that no schema reaches
 * the browser; a line that is not the route's own method and path does not compile.
 */
const lines = {
  signIn: 'POST /v1/sign-in',
  signOut: 'POST /v1/sign-out',
  signInByCode: 'POST /v1/sign-in/recovery-code',
  getSignOn: 'GET /v1/sign-in/sign-on',
  beginSignOn: 'POST /v1/sign-in/sign-on/question',
  signInBySignOn: 'POST /v1/sign-in/sign-on',
  beginConnecting: 'POST /v1/sign-ons/question',
  addSignOn: 'POST /v1/sign-ons',
  listSignOns: 'GET /v1/sign-ons',
  removeSignOn: 'DELETE /v1/sign-ons/:account',
  askForPasskey: 'POST /v1/sign-in/passkey/question',
  signInByPasskey: 'POST /v1/sign-in/passkey',
  askForNewPasskey: 'POST /v1/passkeys/question',
  addPasskey: 'POST /v1/passkeys',
  listPasskeys: 'GET /v1/passkeys',
  removePasskey: 'DELETE /v1/passkeys/:passkey',
  makeRecoveryCodes: 'POST /v1/recovery-codes',
  listSessions: 'GET /v1/sessions',
  endOwnSession: 'DELETE /v1/sessions/:session',
  listPeople: 'GET /v1/people',
  invitePerson: 'POST /v1/people',
  removePerson: 'DELETE /v1/people/:person',
  listAudit: 'GET /v1/audit',
  exportAudit: 'GET /v1/audit/export',
  whoAmI: 'GET /v1/session',
  serverEvents: 'GET /v1/events',
  listFleets: 'GET /v1/fleets',
  createEnrolmentToken: 'POST /v1/fleets/:fleet/enrolment-tokens',
  followChannel: 'PUT /v1/fleets/:fleet/packages/:publisher/:name',
  unfollowPackage: 'DELETE /v1/fleets/:fleet/packages/:publisher/:name',
  listGroups: 'GET /v1/fleets/:fleet/groups',
  putGroup: 'PUT /v1/fleets/:fleet/groups/:group',
  removeGroup: 'DELETE /v1/fleets/:fleet/groups/:group',
  listDevices: 'GET /v1/fleets/:fleet/devices',
  previewDevices: 'GET /v1/fleets/:fleet/device-preview',
  actOnDevices: 'POST /v1/fleets/:fleet/device-acts',
  actOnDevice: 'POST /v1/devices/:device/acts',
  getDevice: 'GET /v1/devices/:device',
  getDeviceHealth: 'GET /v1/devices/:device/health',
  getFleetHealth: 'GET /v1/fleets/:fleet/health',
  deviceTimeline: 'GET /v1/devices/:device/timeline',
  tryRelease: 'PUT /v1/devices/:device/packages/:publisher/:name',
  listReleases: 'GET /v1/releases',
  listChannels: 'GET /v1/channels',
  moveChannel: 'PUT /v1/packages/:publisher/:name/channels/:track/:risk',
  listRollouts: 'GET /v1/rollouts',
  getRollout: 'GET /v1/rollouts/:rollout',
  listMoves: 'GET /v1/rollouts/:rollout/moves',
  steerRollout: 'POST /v1/rollouts/:rollout/:event',
  compareRequests: 'GET /v1/packages/:publisher/:name/request-changes',
  listGrants: 'GET /v1/fleets/:fleet/grants',
  forgetGrant: 'DELETE /v1/fleets/:fleet/grants/:publisher/:name/:interface/:scope/:target',
  listReviews: 'GET /v1/reviews',
  reviewRelease: 'POST /v1/packages/:publisher/:name/reviews/:revision',
  isolateDevice: 'POST /v1/devices/:device/isolate',
  releaseDevice: 'POST /v1/devices/:device/release',
  decideGrant: 'PUT /v1/fleets/:fleet/grants/:publisher/:name/:interface/:scope/:target',
  listFailures: 'GET /v1/failures',
  getMailChoice: 'GET /v1/mail',
  chooseMail: 'PUT /v1/mail',
  listShares: 'GET /v1/fleets/:fleet/shares',
  listDefects: 'GET /v1/defects',
  exportDefects: 'GET /v1/defects/export',
  getDefect: 'GET /v1/defects/:defect',
  steerDefect: 'POST /v1/defects/:defect/:deed',
  listSecurityEvents: 'GET /v1/security-events',
  countSecurityEvents: 'GET /v1/security-events/counts',
  getEventEvidence: 'GET /v1/security-events/:event/evidence',
  listRoles: 'GET /v1/roles',
  getLog: 'GET /v1/log',
  listSettings: 'GET /v1/fleets/:fleet/settings',
  previewSettings: 'POST /v1/fleets/:fleet/settings/:publisher/:name/:scope/:target/preview',
  getSealingKey: 'GET /v1/devices/:device/sealing-key',
  listSettingChanges: 'GET /v1/fleets/:fleet/setting-changes',
  revertSettings: 'POST /v1/fleets/:fleet/setting-changes/:change/revert',
  setSettings: 'PUT /v1/fleets/:fleet/settings/:publisher/:name/:scope/:target',
  getObject: 'GET /v1/objects/:digest',
} as const satisfies { readonly [N in RouteName]?: Line<Protocol[N]> }

/** A route that the dashboard calls, by its name in `protocol`. */
export type Called = keyof typeof lines

/** What a call carries, typed by its route. Parameters come from addresses, so they are plain text. */
export type CallInput<N extends Called> = Part<'params', TextOf<ParamsOf<Protocol[N]>>> &
  Part<'query', QueryOf<Protocol[N]>> &
  Part<'body', BodyOf<Protocol[N]>>

type TextOf<P> = P extends object ? { readonly [K in keyof P]: string | number } : undefined
type Part<Key extends string, Value> = Value extends undefined
  ? unknown
  : { readonly [K in Key]: Value }

interface AnyInput {
  readonly params?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
}

/** Calls a route with the browser's session and answers its reply, or throws a `ProblemError`. */
export async function call<N extends Called>(
  name: N,
  input: CallInput<N> & AnyInput,
): Promise<ReplyOf<Protocol[N]>> {
  const reply = await send(name, input)
  return JSON.parse((await reply.text()) || 'null')
}

/** The JSON held by an object that its digest names. */
export async function readJson<T>(digest: string): Promise<T> {
  return await (await send('getObject', { params: { digest } })).json()
}

/** The address of a route, for what the browser itself opens. */
export function addressOf(name: Called, { params = {}, query = {} }: AnyInput): string {
  const path = lines[name]
    .split(' ')[1]
    ?.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''))
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query))
    if (value !== undefined) search.set(key, String(value))
  return search.size > 0 ? `${path}?${search}` : `${path}`
}

async function send(name: Called, input: AnyInput): Promise<Response> {
  const method = lines[name].split(' ')[0] ?? 'GET'
  const request: RequestInit = { method, headers: { accept: 'application/json' } }
  if (input.body !== undefined) {
    request.headers = { accept: 'application/json', 'content-type': 'application/json' }
    request.body = JSON.stringify(input.body)
  }
  const reply = await fetch(addressOf(name, input), request).catch((cause: unknown) => {
    throw localProblem('dashboard/unreachable', `cannot reach the server: ${String(cause)}`)
  })
  if (!reply.ok) throw parseProblem(reply.status, await reply.text())
  return reply
}
