import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import {
  checkIn,
  deviceEvents,
  health,
  openDeviceSession,
  type RouteSpec,
  readiness,
  serverEvents,
} from '@steadfleet/protocol'
import type { House } from '../house.ts'
import type { Ground } from '../open-ground.ts'
import { filesIn, type HouseOptions } from '../open-house.ts'
import { allFacts } from '../store/people-store.ts'
import type { Notices } from './notices.ts'
import type { ReadFiles } from './read-files.ts'

/** What a process answers itself that does not do the work: what devices ask most, and who looks on. */
const own: readonly RouteSpec[] = [
  checkIn,
  openDeviceSession,
  deviceEvents,
  serverEvents,
  health,
  readiness,
]

const patterns = own.map(({ method, path }) => ({
  method,
  path: new RegExp(`^${path.replaceAll(/:[a-z]+/gi, '[^/]+')}$`),
}))

/** Whether such a process answers this request: one of {@link own}, or a page. */
export function isOwn({ method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>): boolean {
  const [path = ''] = url.split('?')
  if (!path.startsWith('/v1/') && path !== '/metrics') return true
  return patterns.some(one => one.method === method && one.path.test(path))
}

/** What the deeds of those routes work with; there is nothing else in it. */
export async function frontHouse(
  { folder, origins, world }: HouseOptions,
  ground: Ground,
  files: ReadFiles,
  notices: Notices,
): Promise<House> {
  const house: Partial<House> = {
    ...ground,
    ...{ world, folder, origins, owner: files.owner, files: filesIn() },
    catalogues: files.catalogues as House['catalogues'],
    facts: await allFacts(ground.store.db),
    orderer: {
      settle: async () => 0,
      nudge: async () => notices.tell({ kind: 'orders' }),
      [Symbol.dispose]: () => undefined,
    },
    isSignerThere: () => notices.hasOthers(),
    firstCatalogueRoot: () => readFile(join(folder, 'catalogue', '1.root.json')),
  }
  return house as House
}
