import { type Lifetime, lifeOf, publisherOf } from '@steadfleet/authority'
import { type PublisherName, toTimestamp } from '@steadfleet/domain'
import type { RoleView } from '@steadfleet/protocol'
import type { TrustPolicy } from '@steadfleet/trust'
import type { Logger } from 'pino'
import type { InForce } from './catalogue/catalogue-folder.ts'
import type { Served } from './catalogue/catalogues.ts'
import type { House } from './house.ts'

type Place = Pick<House, 'catalogues' | 'owner' | 'world'>
type Watched = Place & Pick<House, 'store'>

interface Signed {
  readonly version: number
  readonly expires: Date
}

/** How often lives are looked at: the shortest that a person must act on lasts half a year. */
const lookMs = 3_600_000

/** Every role whose signature devices ask for, with how much of its life is over. */
export function rolesOf({ catalogues, owner, world }: Place): RoleView[] {
  const now = world.now()
  const policy = owner.policy().signed
  const own = (role: Lifetime, signed: Signed): RoleView =>
    toView({ role, catalogue: null, kind: role, signed, online: false, counts: true }, now)
  return [
    own('owner-root', owner.root()),
    own('policy', policy),
    ...catalogues.all().flatMap(one => rolesIn(one, policy).map(role => toView(role, now))),
  ]
}

/** The roles of one catalogue. What is mirrored is renewed by its own party, never from here. */
function rolesIn(served: Served, { catalogues }: TrustPolicy): RoleLife[] {
  const inForce = served.inForce()
  if (inForce === undefined) return []
  const catalogue = served.name as PublisherName
  const { root, targets, snapshot, timestamp, roles } = inForce
  const trusted = catalogues.find(({ name }) => name === served.name)
  const online = served.mirror === undefined
  const top = { catalogue, online: false, counts: true }
  return [
    { ...top, role: 'root', kind: 'root', signed: root.signed },
    { ...top, role: 'targets', kind: 'targets', signed: targets.signed },
    ...firstToExpire(roles).map(([role, signed]): RoleLife => {
      return { ...top, role, kind: 'publisher', signed, counts: isTrusted(trusted, role) }
    }),
    { ...top, role: 'snapshot', kind: 'snapshot', signed: snapshot.signed, online },
    { ...top, role: 'timestamp', kind: 'timestamp', signed: timestamp.signed, online },
  ]
}

/** Each publisher's role, which is good until the first of it and its bins expires. */
function firstToExpire(roles: InForce['roles']): [publisher: string, signed: Signed][] {
  const first = new Map<string, Signed>()
  for (const [role, { signed }] of roles) {
    const publisher = publisherOf(role)
    const held = first.get(publisher)
    if (!held) first.set(publisher, signed)
    else if (signed.expires < held.expires) {
      first.set(publisher, { ...held, expires: signed.expires })
    }
  }
  return [...first]
}

function isTrusted(catalogue: TrustPolicy['catalogues'][number] | undefined, publisher: string) {
  if (catalogue === undefined || catalogue.refused.includes(publisher)) return false
  return catalogue.allowed.includes('*') || catalogue.allowed.includes(publisher)
}

/** Logs a role when it passes a mark of its life, once for each mark; from now on. */
export function watchRoles(place: Watched, logger: Logger): Disposable {
  const told = new Map<string, number>()
  const look = (): void => {
    for (const view of rolesOf(place)) {
      const { role, catalogue, version, expires, alarm } = view
      const name = `${catalogue ?? 'owner'}/${role}`
      if (alarm > 0 && told.get(name) !== alarm) {
        const percent = `${alarm} % of its life is over`
        logger.warn({ role, catalogue, version, expires, alarm }, `renew ${role}: ${percent}`)
      }
      told.set(name, alarm)
    }
    tellAging(place).catch((fault: unknown) => {
      // The next look tells it.
      logger.error({ err: fault }, 'cannot note yet that roles age')
    })
  }
  look()
  const timer = setInterval(look, lookMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Keeps for people what passed a mark, once for each; what the server renews by itself wants nobody. */
async function tellAging(place: Watched): Promise<void> {
  const now = toTimestamp(place.world.now())
  const aging = rolesOf(place).filter(({ alarm, online }) => alarm > 0 && !online)
  const roles = aging.map(({ role, catalogue, version, expires, alarm }) => ({
    ...{ role, catalogue: catalogue ?? '', version, expires, percent: alarm, now },
  }))
  if (roles.length > 0) await place.store.write('noteExpiring', { roles })
}

interface RoleLife extends Pick<RoleView, 'role' | 'catalogue' | 'online' | 'counts'> {
  readonly kind: Lifetime
  readonly signed: Signed
}

function toView({ kind, signed, ...role }: RoleLife, now: Date): RoleView {
  const { version, expires } = signed
  return { ...role, version, expires: toTimestamp(expires), ...lifeOf(kind, expires, now) }
}
