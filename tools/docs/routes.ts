import type { RouteSpec } from '@steadfleet/protocol'
import * as protocol from '@steadfleet/protocol'
import { page, table } from './page.ts'

/** Every route, by path: who may call it and what for. */
export function makeRoutes(): string {
  const routes = Object.entries(protocol as Readonly<Record<string, unknown>>)
    .filter((entry): entry is [string, RouteSpec] => isRoute(entry[1]))
    .sort(([, a], [, b]) => order(a).localeCompare(order(b), 'en'))
  return page(
    'Routes',
    'packages/protocol/src/routes',
    [
      '`device` is a device that signed the request with its own key; other words are permissions of',
      'a person or a machine key. Schemas of bodies and replies are in [openapi.json](openapi.json).',
    ].join('\n'),
    table(
      ['route', 'needs', 'what it does', 'in `protocol`'],
      routes.map(([name, { method, path, needs, summary }]) => [
        `\`${method} ${path}\``,
        needs,
        summary,
        `\`${name}\``,
      ]),
    ),
  )
}

function isRoute(value: unknown): value is RouteSpec {
  return typeof value === 'object' && value !== null && 'path' in value && 'needs' in value
}

function order({ method, path }: RouteSpec): string {
  return `${path} ${method}`
}
