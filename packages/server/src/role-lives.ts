import { type Lifetime, lifeOf } from '@steadfleet/authority'
import { type PublisherName, toTimestamp } from '@steadfleet/domain'
import type { RoleView } from '@steadfleet/protocol'
import type { Logger } from 'pino'
import type { House } from './house.ts'

type Place = Pick<House, 'catalogue' | 'owner' | 'world'>

interface Signed {
  readonly version: number
  readonly expires: Date
}

/** How often lives are looked at: the shortest that a person must act on lasts half a year. */
const lookMs = 3_600_000

/** Every role whose signature devices ask for, with how much of its life is over. */
export function rolesOf({ catalogue, owner, world }: Place): RoleView[] {
  const now = world.now()
  const { root, targets, snapshot, timestamp, roles } = catalogue.inForce()
  const policy = owner.policy().signed
  const name = (policy.catalogues[0]?.name ?? null) as PublisherName | null
  const own = (role: string, kind: Lifetime, signed: Signed): RoleView =>
    toView({ role, catalogue: null, kind, signed }, now)
  const shared = (role: string, kind: Lifetime, signed: Signed): RoleView =>
    toView({ role, catalogue: name, kind, signed }, now)
  return [
    own('owner-root', 'owner-root', owner.root()),
    own('policy', 'policy', policy),
    shared('root', 'root', root.signed),
    shared('targets', 'targets', targets.signed),
    ...[...roles].map(([role, { signed }]) => shared(role, 'publisher', signed)),
    shared('snapshot', 'snapshot', snapshot.signed),
    shared('timestamp', 'timestamp', timestamp.signed),
  ]
}

/** Logs a role when it passes a mark of its life, once for each mark; from now on. */
export function watchRoles(place: Place, logger: Logger): Disposable {
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
  }
  look()
  const timer = setInterval(look, lookMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

interface RoleLife {
  readonly role: string
  readonly catalogue: PublisherName | null
  readonly kind: Lifetime
  readonly signed: Signed
}

function toView({ role, catalogue, kind, signed }: RoleLife, now: Date): RoleView {
  const { version, expires } = signed
  const online = kind === 'snapshot' || kind === 'timestamp'
  const at = toTimestamp(expires)
  return { role, catalogue, version, expires: at, ...lifeOf(kind, expires, now), online }
}
