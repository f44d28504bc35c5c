import type { ChangedSource } from './changed-source.ts'

/** An agent without one of its rules, and where the laboratory notices that. */
export interface Mutant {
  readonly without: string
  readonly change: ChangedSource
  readonly journey: string
  /** Cuts that are called so in part: those in which the rule matters. */
  readonly only: string
  /** It is noticed in a moment. */
  readonly isQuick?: boolean
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
    only: 'write \\sm3',
    isQuick: true,
  },
  {
    without: 'the sync of a file before it takes the place of another',
    change: { file: 'agent/src/disk/durable.ts', piece: 'await file.sync()' },
    journey: 'update',
    // Behind a checkpoint: the name of the new segment is durable by then.
    only: 'unlink .*journal/\\d+\\.log: nothing arrived',
  },
  {
    without: 'rule 1, begin before the first effect',
    change: {
      file: 'engine/src/run-change.ts',
      piece: 'await host.apply(change, step, again, stop)',
      by: `await host.apply(change, step, again, stop)
        if (!again) await journal.append({ type: 'begin', step: step.id })`,
      without: "if (!again) await journal.append({ type: 'begin', step: step.id })",
    },
    journey: 'update',
    only: 'rename .*current.* all arrived',
  },
  {
    without: 'rule 2, abort before the first undo',
    change: {
      file: 'agent/src/change/journal-file.ts',
      piece: 'const next = nextEngineState(this.state, whole)\n    const line',
      by: `const next = nextEngineState(this.state, whole)
        if (whole.type === 'abort') return void (this.state = next)
        const line`,
    },
    journey: 'fails-at-once',
    only: 'rename .*current.* all arrived',
  },
  {
    without: 'rule 3, every step that was begun is undone',
    change: {
      file: 'engine/src/next-move.ts',
      piece: 'change.begun.findLast(begun => !change.undone.includes(begun))',
      by: 'change.begun.findLast(one => change.done.includes(one) && !change.undone.includes(one))',
    },
    journey: 'fails-migrate',
    only: '"type":"end".* all arrived',
  },
  {
    without: 'rule 4, nothing irreversible before the commit',
    change: {
      file: 'agent/src/change/device-host.ts',
      piece: 'await pointTo(this.#paths, change.to)\n      return undefined',
      by: `await pointTo(this.#paths, change.to)
        const { from } = await this.generations(change)
        for (const { tree } of from.packages) await this.#options.stores.trees.remove(tree.digest)
        return undefined`,
    },
    journey: 'update',
    only: '"type":"watch".* all arrived',
  },
  {
    without: 'rule 5, a commit needs the verdict',
    change: {
      file: 'engine/src/probation.ts',
      piece: "verdict: isProven(rule, seen) ? 'passed' : 'undecided'",
      by: "verdict: isProven(rule, seen) ? 'passed' : 'passed'",
    },
    journey: 'update',
    only: '"type":"commit".* all arrived',
  },
]
