import { parseHygieneRecord, parseReleaseRecord } from '@steadfleet/domain'
import type { RouteSpec } from '@steadfleet/protocol'
import * as protocol from '@steadfleet/protocol'
import { Compile } from 'typebox/compile'
import type { Asked } from './asked.ts'
import type { Canned } from './canned.ts'
import { makeSessions } from './canned-people.ts'
import { foundInTree, recordOf } from './canned-releases.ts'
import {
  actOnDevice,
  actOnDevices,
  follow,
  listDevices,
  previewDevices,
  putGroup,
  removeGroup,
  tryRelease,
  unfollow,
} from './fleet-replies.ts'
import {
  decideGrant,
  forgetGrant,
  isolate,
  moreEndpoints,
  release,
  reviewRelease,
} from './grant-replies.ts'
import { ago, hour } from './moments.ts'

type Reply = (canned: Canned, asked: Asked) => unknown

/** What each route that the dashboard calls replies; what is missing here is missing to the browser. */
const replies: readonly (readonly [RouteSpec, Reply])[] = [
  [protocol.getObject, readRecord],
  [
    protocol.whoAmI,
    ({ log }) => ({
      name: 'operator',
      roles: { '*': 'administrator' },
      owner: 'own_0123456789abcdefghij',
      log: log ? `${log.origin}, ${log.quorum} of ${log.witnesses.length} witnesses` : 'none',
      version: '0.1.0',
    }),
  ],
  [protocol.listPeople, ({ people }) => people],
  [protocol.invitePerson, invite],
  [protocol.listPasskeys, () => []],
  [protocol.listSignOns, () => []],
  [protocol.listSessions, makeSessions],
  [protocol.makeRecoveryCodes, () => ({ codes: ['aaaa-bbbb-cccc-dddd-eeee'] })],
  [protocol.listAudit, ({ audit }, { query }) => auditIn(audit, query)],
  [protocol.listFleets, ({ fleets }) => fleets],
  [protocol.listDevices, listDevices],
  [protocol.previewDevices, previewDevices],
  [protocol.actOnDevices, actOnDevices],
  [protocol.actOnDevice, actOnDevice],
  [protocol.listGroups, ({ groups }) => groups],
  [protocol.getDevice, ({ devices }, { params }) => devices.find(({ id }) => id === params.device)],
  [
    protocol.deviceTimeline,
    ({ timeline }, { params }) => timeline.filter(({ device }) => device === params.device),
  ],
  [protocol.listReleases, ({ releases }) => releases],
  [protocol.listChannels, ({ channels }) => channels],
  [protocol.listRollouts, ({ rollouts }) => rollouts],
  [
    protocol.getRollout,
    ({ rollouts }, { params }) => rollouts.find(({ id }) => id === Number(params.rollout)),
  ],
  [protocol.listMoves, movesIn],
  [protocol.compareRequests, () => [moreEndpoints]],
  [protocol.listGrants, ({ grants }) => grants],
  [protocol.decideGrant, decideGrant],
  [protocol.forgetGrant, forgetGrant],
  [protocol.listReviews, ({ reviews }) => reviews],
  [protocol.reviewRelease, reviewRelease],
  [protocol.isolateDevice, isolate],
  [protocol.releaseDevice, release],
  [protocol.steerRollout, steer],
  [protocol.listFailures, ({ failures }) => failures],
  [protocol.getMailChoice, ({ mail }) => mail],
  [protocol.chooseMail, ({ mail }, { body }) => Object.assign(mail, body)],
  [protocol.listShares, ({ shares }) => shares],
  [protocol.listDefects, defectsIn],
  [protocol.getDefect, ({ defects }, { params }) => defectIn(defects, params)],
  [protocol.steerDefect, steerDefect],
  [protocol.listSecurityEvents, ({ timeline }, { query }) => refusalsIn(timeline, query)],
  [protocol.countSecurityEvents, countRefusals],
  [protocol.listRoles, ({ roles }) => roles],
  [protocol.getLog, ({ log }) => log],
  [protocol.followChannel, follow],
  [protocol.unfollowPackage, unfollow],
  [protocol.tryRelease, tryRelease],
  [protocol.putGroup, putGroup],
  [protocol.removeGroup, removeGroup],
  [protocol.listSettings, ({ settings }) => settings],
  [protocol.setSettings, setSettings],
  [protocol.previewSettings, previewSettings],
  [protocol.getDeviceHealth, makeHealth],
  [protocol.getFleetHealth, makeHealth],
  [protocol.getSealingKey, ({ sealing }) => sealing],
  [protocol.listSettingChanges, ({ settings }) => settings.map(toChange)],
  [protocol.revertSettings, () => ({ change: 3, ordered: 1 })],
  [
    protocol.createEnrolmentToken,
    () => ({
      token: 'sf1.eyJsb2ciOiJub25lIiwib3JpZ2luIjoiaHR0cDovLzEyNy4wLjAuMTo4NDQzIn0',
      expiresAt: ago(-hour),
      command:
        'curl -fsS http://127.0.0.1:8443/v1/agent/steadfleet-agent.mjs -o agent.mjs && node agent.mjs join sf1.eyJsb2ciOiJub25lIiwib3JpZ2luIjoiaHR0cDovLzEyNy4wLjAuMTo4NDQzIn0',
    }),
  ],
]

/** The reply to a request, held against the route's own schema; undefined where there is none. */
export function replyTo(canned: Canned, method: string, url: string, body: string): unknown {
  const { pathname: path, searchParams } = new URL(url, 'http://canned.test')
  const query = Object.fromEntries(searchParams)
  for (const [route, reply] of replies) {
    const params = route.method === method ? paramsIn(route.path, path) : undefined
    const sent = body ? JSON.parse(body) : {}
    if (params) return checked(route, reply(canned, { params, query, body: sent }))
  }
  return undefined
}

function checked(route: RouteSpec, value: unknown): unknown {
  if (value === undefined || typeof route.reply === 'string') return value
  const check = Compile(route.reply)
  if (check.Check(value)) return value
  const [first] = check.Errors(value)
  throw new TypeError(`canned ${route.path} at ${first?.instancePath}: ${first?.message}`)
}

function paramsIn(pattern: string, path: string): Record<string, string> | undefined {
  const names = pattern.split('/')
  const parts = path.split('/')
  if (names.length !== parts.length) return undefined
  const pairs = names.map((name, index) => [name, decodeURIComponent(parts[index] ?? '')] as const)
  if (pairs.some(([name, part]) => !name.startsWith(':') && name !== part)) return undefined
  return Object.fromEntries(
    pairs.filter(([name]) => name.startsWith(':')).map(([name, part]) => [name.slice(1), part]),
  )
}

function movesIn({ moves }: Canned, { query }: Asked): unknown {
  const { phase = '', state = '', limit } = query
  return moves
    .filter(move => phase === '' || move.phase === Number(phase))
    .filter(move => state === '' || move.state === state)
    .slice(0, Number(limit))
}

function steer({ rollouts }: Canned, { params }: Asked): unknown {
  const rollout = rollouts.find(({ id }) => id === Number(params.rollout))
  if (!rollout) return undefined
  rollout.state =
    { pause: 'paused', resume: 'running', cancel: 'cancelled' }[params.event ?? ''] ?? rollout.state
  return rollout
}

function defectsIn({ defects }: Canned, { query }: Asked): unknown {
  const has = (state: string): boolean =>
    query.wanting ? ['open', 'regressed'].includes(state) : state === (query.state ?? state)
  return defects
    .filter(({ state }) => has(state))
    .map(({ revisions: _, hit: _h, counts: _c, samples: _s, releases: _r, ...view }) => view)
}

function defectIn(defects: Canned['defects'], { defect }: Asked['params']) {
  return defects.find(({ id }) => id === Number(defect))
}

function steerDefect(canned: Canned, asked: Asked): unknown {
  const held = defectIn(canned.defects, asked.params)
  if (!held) return undefined
  held.state = { resolve: 'resolved', ignore: 'ignored' }[asked.params.deed ?? ''] ?? 'open'
  const [view] = defectsIn({ ...canned, defects: [held] }, { ...asked, query: {} }) as unknown[]
  return view
}

/** A quiet day with a hot hour. */
function makeHealth(): unknown {
  return Array.from({ length: 24 }, (_, i) => ({
    ...{ at: 1_790_000_000 + i * 300, cpu: i * 20, memory: 610, disk: 820, signal: null },
    ...{ temperature: i > 18 ? 710 : 420, restarts: i % 7 === 0 ? 1 : 0 },
  }))
}

function setSettings({ settings }: Canned, { params, body }: Asked): unknown {
  const { publisher, name, scope = '', target = '' } = params
  const setting = { package: `${publisher}/${name}`, scope, name: target, values: body.values }
  const kept = settings.filter(each => each.scope !== scope || each.name !== target)
  settings.splice(0, settings.length, ...kept, setting as Canned['settings'][number])
  return { setting, change: 2, ordered: 1 }
}

function previewSettings({ devices }: Canned, { body }: Asked): unknown {
  const [first] = devices
  const named = { device: first?.id, name: first?.name, before: {}, after: body.values }
  return { devices: devices.length, first: [named] }
}

function toChange(setting: Canned['settings'][number], index: number): unknown {
  const { values: after, ...place } = setting
  return { ...place, id: index + 1, before: {}, after, by: 'operator', at: ago(hour), rollout: 3 }
}

function refusalsIn(timeline: Canned['timeline'], query: Asked['query']): Canned['timeline'] {
  return timeline.filter(
    ({ device, event }) =>
      event.kind === 'security' &&
      device === (query.device ?? device) &&
      codeOf(event) === (query.code ?? codeOf(event)),
  )
}

function invite({ people }: Canned, { body }: Asked): unknown {
  const { name, roles } = body as { name: string; roles: Record<string, string> }
  const person = { ...people[0], id: `per_${name}`, name, roles, sessions: 0, seenAt: null }
  people.push(person as Canned['people'][number])
  return { person, link: { token: 'for-one-person-alone', expiresAt: ago(-hour) } }
}

function auditIn(audit: Canned['audit'], query: Asked['query']): Canned['audit'] {
  const below = Number(query.after ?? audit.length + 1)
  return audit
    .filter(({ sequence, by }) => sequence < below && by === (query.by ?? by))
    .slice(0, Number(query.limit))
}

function countRefusals({ timeline }: Canned, { query }: Asked): unknown {
  const byCode = Map.groupBy(refusalsIn(timeline, query), ({ event }) => codeOf(event))
  return [...byCode].map(([code, of]) => ({
    code,
    count: of.length,
    devices: new Set(of.map(({ device }) => device)).size,
    newest: of[0]?.receivedAt,
  }))
}

function codeOf(event: object): string {
  return 'code' in event ? String(event.code) : ''
}

function readRecord({ releases }: Canned, { params }: Asked): unknown {
  if (releases.some(each => 'hygiene' in each && each.hygiene.digest === params.digest))
    return parseHygieneRecord(foundInTree)
  const release = releases.find(each => each.record.digest === params.digest)
  return release && parseReleaseRecord(recordOf(release))
}
