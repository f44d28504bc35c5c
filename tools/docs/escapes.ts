import type { Attempt } from '../../packages/agent/src/escape/attempt.ts'
import { attempts } from '../../packages/agent/src/escape/table.ts'
import { page, table } from './page.ts'

/** What an app that was taken over tries, and what stops it. */
export function makeEscapes(): string {
  const byDefence = Map.groupBy(attempts, ({ stops }) => stops)
  return page(
    'Escapes',
    'the table in packages/agent/src/escape',
    [
      `${attempts.length} small programs, each of which tries one way out of a sandbox. The test runs every one of them`,
      'without a sandbox, where it gets through, and in one, as an app and as a hook, where it does not; for an agent that is',
      'root and for one that is an ordinary user. What a machine cannot show (it has no such device, its kernel no such call)',
      'the test says.',
      '',
      '```',
      'npm test -- agent/src/escape',
      '```',
      '',
      ...[...byDefence].map(([stops, rows]) => sectionOf(stops, rows)),
    ].join('\n'),
  )
    .trimEnd()
    .concat('\n')
}

function sectionOf(stops: string, rows: readonly Attempt[]): string {
  const cells = rows.map(({ name, threat, tries, refused, opened, asUser }) => [
    `\`${name}\`${opened.map(one => `, given \`${one}\``).join('')}`,
    threat,
    tries,
    refused.map(said => said || 'nothing').join(', '),
    asUser === undefined ? 'the same' : `not stopped: ${asUser}`,
  ])
  const headings = ['name', 'threat', 'tries', 'is told', 'where the agent is an ordinary user']
  return `## ${stops.charAt(0).toUpperCase()}${stops.slice(1)}\n\n${table(headings, cells)}\n`
}
