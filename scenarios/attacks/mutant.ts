import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'
import { buildAgent } from '../../packages/agent/build.mjs'
import { checkout } from '../../packages/cli/src/process/checkout.ts'
import type { Environment } from '../besieged.ts'

/** One defence switched off: text of one source file, and what stands there instead. */
export interface Mutation {
  readonly file: string
  readonly before: string
  readonly after: string
}

/**
 * What reads a whole tree before it starts: behind whatever checks one object, a second line that a row
 * about the first has to do without as well.
 */
export const readBeforeStart: Mutation = {
  file: 'packages/agent/src/store/seals.ts',
  before: 'if (faults.length > 0) throw damaged(tree, faults)',
  after: 'void faults',
}

/** Builds the agent without these of its defences, into a file of its own; yields that file. */
export async function buildMutant(mutations: readonly Mutation[], folder: string): Promise<string> {
  const changed = new Map<string, string>()
  for (const mutation of mutations) {
    const path = join(checkout, mutation.file)
    changed.set(path, mutate(mutation, changed.get(path) ?? (await readFile(path, 'utf8'))))
  }
  const name = createHash('sha256').update(JSON.stringify(mutations)).digest('hex').slice(0, 16)
  const outfile = join(folder, `agent-${name}.mjs`)
  const unmet = new Set(changed.keys())
  const plugin: Plugin = {
    name: 'defences switched off',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = changed.get(path)
        unmet.delete(path)
        return contents === undefined ? undefined : { contents, loader: 'ts' }
      })
    },
  }
  await buildAgent(outfile, [plugin])
  if (unmet.size > 0) throw new RangeError(`the agent has nothing of ${[...unmet]}`)
  return outfile
}

/** The same for the server, which runs from its sources: what it is to be started with. */
export async function mutateServer(mutation: Mutation, folder: string): Promise<Environment> {
  const path = join(checkout, mutation.file)
  const source = mutate(mutation, await readFile(path, 'utf8'))
  const hook = join(folder, 'server-without.mjs')
  await writeFile(
    hook,
    `import { registerHooks } from 'node:module'
const source = ${JSON.stringify(source)}
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    return url === ${JSON.stringify(pathToFileURL(path).href)} ? { ...loaded, source } : loaded
  },
})
`,
  )
  return { NODE_OPTIONS: `--import=${hook}` }
}

/** The source without the defence; the text of that must stand there once, or nothing was switched off. */
function mutate({ file, before, after }: Mutation, source: string): string {
  const parts = source.split(before)
  if (parts.length === 2) return parts.join(after)
  throw new RangeError(`${file} has ${parts.length - 1} times, not once: ${before}`)
}
