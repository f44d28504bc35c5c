import { hygieneRules } from '@steadfleet/evidence/hygiene'
import { page, table } from './page.ts'

/** What `pack` looks for in a tree. */
export function makeHygiene(): string {
  return page(
    'Hygiene',
    'the table in packages/evidence/src/hygiene/rules.ts',
    [
      '`steadfleet pack` and `publish` look at each file of the tree and tell what is better not shipped. Nothing is refused',
      'unless the manifest says `hygiene: { refuse: severe }` or `{ refuse: warnings }`, or `--strict` is given, which is the',
      'latter; the code is `pack/hygiene`. What is accepted stands under `hygiene.accept` with its reason. Notes are never refused.',
      'What was found goes with the release, as the SBOM does: `release show` and the dashboard tell it to whoever takes the release.',
    ].join('\n'),
    table(
      ['finding', 'severity', 'what is looked for', 'what to do'],
      Object.entries(hygieneRules).map(([name, { severity, looks, advice }]) => [
        `\`${name}\``,
        severity,
        looks,
        advice,
      ]),
    ),
  )
}
