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

/** Builds the agent without one of its defences, into a file of its own; yields that file. */
export async function buildMutant(mutation: Mutation, folder: string): Promise<string> {
  const source = await readFile(join(checkout, mutation.file), 'utf8')
  const changed = mutate(mutation, source)
  const name = createHash('sha256').update(JSON.stringify(mutation)).digest('hex').slice(0, 16)
  const outfile = join(folder, `agent-${name}.mjs`)
  let isMet = false
  const plugin: Plugin = {
    name: 'one defence switched off',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (path !== join(checkout, mutation.file)) return undefined
        isMet = true
        return { contents: changed, loader: 'ts' }
      })
    },
  }
  await buildAgent(outfile, [plugin])
  if (!isMet) throw new RangeError(`the agent has nothing of ${mutation.file}`)
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
