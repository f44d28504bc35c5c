import { toMermaid } from '@steadfleet/base'
import { defectTable, rolloutTable } from '@steadfleet/domain'
import { changeTable } from '@steadfleet/engine'
import { page } from './page.ts'

const diagrams = [
  {
    title: 'A rollout',
    text: '`trip` and `finish` are raised by the platform, the others by a person.',
    table: rolloutTable,
  },
  {
    title: 'A defect: failures of one fingerprint',
    text: '`regress` is raised by the platform, where a resolved one fails in a revision in which it should be gone.',
    table: defectTable,
  },
  {
    title: 'A change on a device',
    text: 'Until `activating` an abort only tidies up; from there the earlier generation comes back.',
    table: changeTable,
  },
] as const

/** The state tables, drawn. */
export function makeStates(): string {
  const parts = diagrams.flatMap(({ title, text, table }) => [
    `## ${title}`,
    text,
    `\`\`\`mermaid\n${toMermaid(table)}\n\`\`\``,
  ])
  return page(
    'States',
    'rolloutTable and defectTable in domain and changeTable in engine',
    ...parts,
  )
}
