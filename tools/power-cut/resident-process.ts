import { type ResidentLife, residents } from './resident-lives.ts'

/** What `resident.ts` sends: a call by its name, and what it was given. */
export interface Call {
  readonly id: number
  readonly name: string
  readonly given: readonly string[]
}

export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

let life: ResidentLife | undefined

const calls: Readonly<Record<string, (...given: string[]) => unknown>> = {
  live: async (how = '', root = '') => {
    life = await residents[how]?.(root)
  },
  wordsOf: (name = '') => life?.wordsOf(name),
  end: async () => {
    await life?.end()
    return life?.said()
  },
}

process.on('message', async ({ id, name, given }: Call) => {
  try {
    process.send?.({ id, value: await calls[name]?.(...given) } satisfies Answer)
  } catch (error) {
    const why = error instanceof Error ? `${error.stack}` : String(error)
    process.send?.({ id, error: why } satisfies Answer)
  }
})
process.on('disconnect', () => process.exit())
// Who tells the lane to stop may tell all of its processes: this one ends with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
