import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = path => fileURLToPath(new URL(path, import.meta.url))

/**
 * An `import` of a built-in module reads every export it has; of node:http that loads the whole of
 * fetch and WebSocket, 16 MB that the agent never uses. Taken this way, each is read when it is used.
 */
const lazyBuiltins = {
  name: 'lazy built-in modules',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }))
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
  },
}

/**
 * An agent mostly waits: what it runs need not be compiled, and the compilers' own memory is never
 * touched. Said before the first module is evaluated; on a list of 10,000 files it costs 0.3 s. The
 * process that applies a delta works, and ends: `store/delta-process.ts`.
 */
const thrift = ['--no-opt', '--no-maglev', '--no-sparkplug']
const setFlags = `if (process.argv[2] !== 'apply-delta') for (const flag of ${JSON.stringify(thrift)}) process.getBuiltinModule('node:v8').setFlagsFromString(flag)`

/** Builds the agent into one file. */
export async function buildAgent(outfile, plugins = []) {
  await mkdir(dirname(outfile), { recursive: true })
  const draft = `${outfile}.${process.pid}.new`
  await build({
    entryPoints: [here('src/main.ts')],
    outfile: draft,
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    conditions: ['module', 'import'],
    plugins: [lazyBuiltins, ...plugins],
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'none',
    banner: {
      js: `#!/usr/bin/env node\n${setFlags}`,
    },
  })
  // Whoever runs the file meanwhile sees the old one or the new one, whole.
  await rename(draft, outfile)
}

if (import.meta.main) await buildAgent(here('../../build/steadfleet-agent.mjs'))
