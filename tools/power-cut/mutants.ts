import type { ChangedSource } from './changed-source.ts'

/** An agent without one of its rules, and where the laboratory notices that. */
export interface Mutant {
  readonly without: string
  readonly change: ChangedSource
  readonly journey: string
  /** Cuts that are called so in part: those in which the rule matters. */
  readonly only: string
}

export const mutants: readonly Mutant[] = [
  {
    without: 'the sync of a copy of data before it is called done',
    change: {
      file: 'agent/src/change/package-data.ts',
      piece: 'await syncFileSystem(dirname(draft))',
    },
    journey: 'update',
    // While the copy is being migrated: the old generation may still be all there is.
    only: 'write m3',
  },
  {
    without: 'the sync of a file before it takes the place of another',
    change: { file: 'agent/src/disk/durable.ts', piece: 'await file.sync()' },
    journey: 'update',
    only: 'nothing arrived',
  },
  {
    without: 'rule 1, begin before the first effect',
    change: {
      file: 'engine/src/run-change.ts',
      piece: "if (!again) await journal.append({ type: 'begin', step: step.id })",
      by: "if (!again) setTimeout(() => journal.append({ type: 'begin', step: step.id }), 300)",
    },
    journey: 'update',
    only: 'write m3',
  },
  {
    without: 'rule 2, abort before the first undo',
    change: {
      file: 'agent/src/change/journal-file.ts',
      piece: 'const line = encodeRecord(whole, this.#chain)\n    await this.#write',
      by: "const line = encodeRecord(whole, this.#chain)\n    if (whole.type === 'abort') return void (this.state = next)\n    await this.#write",
    },
    journey: 'fails-at-once',
    only: 'all arrived',
  },
]
