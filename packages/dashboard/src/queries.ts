import type {
  DeviceId,
  HealthSpan,
  HygieneRecord,
  PackageName,
  ReleaseRecord,
  SettingScope,
  SettingValues,
} from '@steadfleet/domain'
import type {
  DeviceView,
  listDefects,
  listMoves,
  listSecurityEvents,
  QueryOf,
  TimelineEntry,
} from '@steadfleet/protocol'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { call, readJson } from './api.ts'
import { readAll } from './exports.ts'
import type { DeviceQuestion } from './search.ts'

/** Keys begin with a topic of the server's event stream, so that one word invalidates what it names. */
const timelineLimit = 100

/** Devices of one page that people look at, and of one that is asked for all of them. */
const pageLimit = 100
const wholeLimit = 1000
const securityLimit = 200

/** No topic tells that a role ages. */
const rolesMs = 600_000

type SecurityQuery = Omit<QueryOf<typeof listSecurityEvents>, 'limit' | 'after'>

export const session = queryOptions({
  queryKey: ['session'],
  queryFn: () => call('whoAmI', {}),
})

/** By which provider people sign in; it does not change while a page is open. */
export const signOn = queryOptions({
  queryKey: ['sign-on'],
  queryFn: () => call('getSignOn', {}),
  staleTime: Number.POSITIVE_INFINITY,
})

export const signOns = queryOptions({
  queryKey: ['people', 'sign-ons'],
  queryFn: () => call('listSignOns', {}),
})

export const fleets = queryOptions({
  queryKey: ['devices', 'fleets'],
  queryFn: () => call('listFleets', {}),
})

export const devicesOf = (fleet: string) =>
  queryOptions({
    queryKey: ['devices', 'list', fleet],
    queryFn: () => everyDevice(fleet),
  })

/** All devices, for pages that look at them together. */
async function everyDevice(fleet: string): Promise<DeviceView[]> {
  const all: DeviceView[] = []
  for (;;) {
    const after = all.at(-1)?.id
    const query = { limit: wholeLimit, ...(after !== undefined && { after }) }
    const page = await call('listDevices', { params: { fleet }, query })
    all.push(...page)
    if (page.length < wholeLimit) return all
  }
}

/** Devices that a search finds, page by page. */
export const devicePages = (fleet: string, question: DeviceQuestion) =>
  infiniteQueryOptions({
    queryKey: ['devices', 'pages', fleet, question],
    queryFn: ({ pageParam: after }) => {
      const query = { ...question, limit: pageLimit, ...(after !== undefined && { after }) }
      return call('listDevices', { params: { fleet }, query })
    },
    initialPageParam: undefined as DeviceId | undefined,
    getNextPageParam: last => (last.length < pageLimit ? undefined : last.at(-1)?.id),
    placeholderData: earlier => earlier,
  })

/** How many devices a search finds, and the name of that set. */
export const deviceSetOf = (fleet: string, question: DeviceQuestion) =>
  queryOptions({
    queryKey: ['devices', 'preview', fleet, question],
    queryFn: () => call('previewDevices', { params: { fleet }, query: { ...question } }),
  })

export const deviceNamed = (device: string) =>
  queryOptions({
    queryKey: ['device', device],
    queryFn: () => call('getDevice', { params: { device } }),
  })

export const timelineOf = (device: string, limit = timelineLimit) =>
  queryOptions({
    queryKey: ['device', device, 'timeline', limit],
    queryFn: () => call('deviceTimeline', { params: { device }, query: { limit } }),
    placeholderData: earlier => earlier,
  })

export const releases = queryOptions({
  queryKey: ['releases', 'list'],
  queryFn: () => call('listReleases', { query: {} }),
})

export const channels = queryOptions({
  queryKey: ['releases', 'channels'],
  queryFn: () => call('listChannels', {}),
})

/** A release record never changes: its name is its digest. */
export const recordOf = (digest: string) =>
  queryOptions({
    queryKey: ['record', digest],
    queryFn: (): Promise<ReleaseRecord> => readJson(digest),
    staleTime: Number.POSITIVE_INFINITY,
  })

/** What was found in a tree; it never changes either. */
export const hygieneOf = (digest: string) =>
  queryOptions({
    queryKey: ['hygiene', digest],
    queryFn: (): Promise<HygieneRecord> => readJson(digest),
    staleTime: Number.POSITIVE_INFINITY,
  })

/** What a revision asks for that the one before it did not. */
export const requestChangesOf = (name: string, revision: number) =>
  queryOptions({
    queryKey: ['rollouts', 'request-changes', name, revision],
    queryFn: async () => {
      const [publisher = '', short = ''] = name.split('/')
      const all = await call('listReleases', { query: { package: name as PackageName } })
      const earlier = all.map(one => one.revision).filter(one => one < revision)
      const from = earlier.length === 0 ? {} : { from: Math.max(...earlier) }
      const params = { publisher, name: short }
      return call('compareRequests', { params, query: { ...from, to: revision } })
    },
  })

export const rollouts = queryOptions({
  queryKey: ['rollouts', 'list'],
  queryFn: () => call('listRollouts', {}),
})

export const rolloutNumber = (rollout: number) =>
  queryOptions({
    queryKey: ['rollouts', rollout],
    queryFn: () => call('getRollout', { params: { rollout } }),
  })

export const movesOf = (rollout: number, page: QueryOf<typeof listMoves>) =>
  queryOptions({
    queryKey: ['rollouts', rollout, 'moves', page],
    queryFn: () => call('listMoves', { params: { rollout }, query: page }),
    placeholderData: earlier => earlier,
  })

export const failures = queryOptions({
  queryKey: ['failures', 'list'],
  queryFn: () => call('listFailures', { query: { limit: 200 } }),
})

export type DefectQuery = QueryOf<typeof listDefects>

/** Failures by fingerprint. */
export const defects = (query: DefectQuery) =>
  queryOptions({
    queryKey: ['failures', 'defects', query],
    queryFn: () => call('listDefects', { query }),
    placeholderData: earlier => earlier,
  })

export const defectNumber = (defect: number) =>
  queryOptions({
    queryKey: ['failures', 'defect', defect],
    queryFn: () => call('getDefect', { params: { defect } }),
  })

/** Every device that a search finds, whatever the page shows. */
export const allDevices = (fleet: string, question: DeviceQuestion): Promise<DeviceView[]> =>
  readAll(
    (after: DeviceId | undefined) => {
      const query = { ...question, limit: wholeLimit, ...(after !== undefined && { after }) }
      return call('listDevices', { params: { fleet }, query })
    },
    last => last.id,
    wholeLimit,
  )

/** Every event that meets the question. */
export const allSecurityEvents = (query: SecurityQuery): Promise<TimelineEntry[]> =>
  readAll(
    (after: number | undefined) => {
      const page = { limit: securityLimit, ...(after !== undefined && { after }) }
      return call('listSecurityEvents', { query: { ...query, ...page } })
    },
    last => last.id,
    securityLimit,
  )

/** What devices refused, or one of them did, or what was refused by one code. */
export const securityEvents = (query: SecurityQuery) =>
  queryOptions({
    queryKey: ['failures', 'security', query],
    queryFn: () => call('listSecurityEvents', { query: { ...query, limit: securityLimit } }),
    placeholderData: earlier => earlier,
  })

export const securityCounts = (query: Omit<SecurityQuery, 'code'>) =>
  queryOptions({
    queryKey: ['failures', 'security', 'counts', query],
    queryFn: () => call('countSecurityEvents', { query }),
  })

export const roles = queryOptions({
  queryKey: ['roles'],
  queryFn: () => call('listRoles', {}),
  refetchInterval: rolesMs,
})

export const log = queryOptions({
  queryKey: ['releases', 'log'],
  queryFn: () => call('getLog', {}),
})

/** No topic tells that a device was measured. */
const healthMs = 300_000

export const healthOfDevice = (device: string, span: HealthSpan) =>
  queryOptions({
    queryKey: ['health', device, span],
    refetchInterval: healthMs,
    queryFn: () => call('getDeviceHealth', { params: { device }, query: { span } }),
  })

export const healthOfFleet = (fleet: string, span: HealthSpan) =>
  queryOptions({
    queryKey: ['health', 'fleet', fleet, span],
    refetchInterval: healthMs,
    queryFn: () => call('getFleetHealth', { params: { fleet }, query: { span } }),
  })

/** To what values are given. */
export interface SettingPlace extends Readonly<Record<string, string>> {
  readonly fleet: string
  readonly publisher: string
  readonly name: string
  readonly scope: SettingScope
  readonly target: string
}

export const previewOf = (place: SettingPlace, values: SettingValues) =>
  queryOptions({
    queryKey: ['settings', 'preview', place, values],
    queryFn: () => call('previewSettings', { params: place, body: { values } }),
  })

const mostChanges = 5

export const settingChangesOf = (fleet: string, name: string) =>
  queryOptions({
    queryKey: ['settings', 'changes', fleet, name],
    queryFn: () =>
      call('listSettingChanges', {
        params: { fleet },
        query: { package: name, limit: mostChanges },
      }),
  })

export const settingsOf = (fleet: string) =>
  queryOptions({
    queryKey: ['settings', fleet],
    queryFn: () => call('listSettings', { params: { fleet } }),
  })

/** What packages of a fleet may touch, or those of one device on it. */
export const grantsOf = (fleet: string, device?: DeviceId) =>
  queryOptions({
    queryKey: ['settings', 'grants', fleet, device ?? ''],
    queryFn: () =>
      call('listGrants', { params: { fleet }, query: device === undefined ? {} : { device } }),
  })

export const reviews = queryOptions({
  queryKey: ['releases', 'reviews'],
  queryFn: () => call('listReviews', {}),
})

export const groupsOf = (fleet: string) =>
  queryOptions({
    queryKey: ['settings', 'groups', fleet],
    queryFn: () => call('listGroups', { params: { fleet } }),
  })

export const passkeys = queryOptions({
  queryKey: ['you', 'passkeys'],
  queryFn: () => call('listPasskeys', {}),
})

/** How fresh a fleet is and was; what devices say changes it. */
export const sharesOf = (fleet: string) =>
  queryOptions({
    queryKey: ['devices', 'shares', fleet],
    queryFn: () => call('listShares', { params: { fleet } }),
  })

export const mailChoice = queryOptions({
  queryKey: ['you', 'mail'],
  queryFn: () => call('getMailChoice', {}),
})

export const ownSessions = queryOptions({
  queryKey: ['you', 'sessions'],
  queryFn: () => call('listSessions', {}),
})

export const people = queryOptions({
  queryKey: ['people'],
  queryFn: () => call('listPeople', {}),
})

const auditLimit = 50

/** The audit log, a page at a time: each begins below where the last one ended. */
export const auditPages = (query: Readonly<Record<string, string>>) =>
  infiniteQueryOptions({
    queryKey: ['audit', query],
    queryFn: ({ pageParam }) => {
      const after = pageParam === undefined ? {} : { after: pageParam }
      return call('listAudit', { query: { ...query, ...after, limit: auditLimit } })
    },
    initialPageParam: undefined as number | undefined,
    getNextPageParam: last => (last.length < auditLimit ? undefined : last.at(-1)?.sequence),
    // Nothing announces an act: whoever looks again sees what was done since.
    staleTime: 0,
  })
