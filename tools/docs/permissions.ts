import {
  callerKinds,
  mayKindCall,
  permissions,
  type RouteSpec,
  reachOf,
  routes,
} from '@steadfleet/protocol'
import { page, table } from './page.ts'

const intro = [
  'Who may call which route. The server asks this table and nothing else, and refuses to start with a route that',
  'is not in it. `packages/server/src/http/permissions.test.ts` calls every route as each kind of caller.',
  '',
  'A role is held for one fleet, or for the server and all its fleets. **its fleet**: the role must be held for the',
  'fleet that the path names, by itself or by a device, rollout or event of it. **any fleet**: a role for one fleet is',
  'enough, and the reply tells of the fleets that the caller may see. **the server**: only a role for the server counts.',
].join('\n')

/** Every route and who may call it; and what each role holds. */
export function makePermissions(): string {
  const rows = Object.entries(routes).sort(([, a], [, b]) => order(a).localeCompare(order(b), 'en'))
  const kinds = table(
    ['role', 'holds'],
    Object.entries(permissions).map(([role, held]) => [role, held.join(', ')]),
  )
  const calls = table(
    ['route', 'for', ...callerKinds],
    rows.map(([, route]) => [
      `\`${route.method} ${route.path}\``,
      route.needs === 'anyone' || route.needs === 'device' ? '' : reachOf(route),
      ...callerKinds.map(kind => (mayKindCall(kind, route) ? '●' : '')),
    ]),
  )
  return page('Permissions', 'packages/protocol/src/permissions.ts', intro, kinds, calls)
}

function order({ method, path }: RouteSpec): string {
  return `${path} ${method}`
}
