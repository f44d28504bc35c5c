import { interfaces } from '@steadfleet/confine'
import { page, table } from './page.ts'

/** What confinement can open, as a publisher requests it and an owner grants it. */
export function makeInterfaces(): string {
  return page(
    'Interfaces',
    'the table in packages/confine/src/interfaces',
    [
      'An interface opens only if the manifest requests it, the owner grants it, and the ceiling that',
      'the owner root signed allows it. Everything that is not listed here stays shut.',
    ].join('\n'),
    table(
      ['interface', 'title', 'opens', 'risk', 'what could go wrong', 'granted'],
      Object.entries(interfaces).map(([name, { title, opens, risk, danger, granted }]) => [
        `\`${name}\``,
        title,
        opens,
        risk,
        danger,
        granted,
      ]),
    ),
  )
}
