import { mkdir, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = path => fileURLToPath(new URL(path, import.meta.url))

/**
 * An `import` of a built-in module reads every export it has; of node:http that loads the whole of
 * fetch and WebSocket, 16 MB that the agent never uses. Taken this way, only what is named is read.
 */
const leanBuiltins = {
  name: 'of built-in modules what is named',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({
      path,
      namespace: 'builtin',
      sideEffects: false,
    }))
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path)).filter(name => name !== 'default')
      const lines = names.map(name => `export const ${name} = /* @__PURE__ */ (() => it.${name})()`)
      const it = `/* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)})`
      return { contents: [`const it = ${it}`, 'export default it', ...lines].join('\n') }
    })
  },
}

/**
 * TypeBox is imported as one object with all it has, of which the agent needs a fourth. Taken as a
 * namespace, what nobody names is left out: half the file, and with it a megabyte of the agent's memory.
 */
const leanTypeBox = {
  name: 'of TypeBox what is used',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^(typebox|\.)/ }, async ({ path, pluginData, ...options }) => {
      const isOfTypeBox = /^typebox/.test(path) || /\/typebox\/build\//.test(options.importer)
      if (!isOfTypeBox || pluginData === leanTypeBox) return undefined
      // Its own hundreds of files: of the one that processes load, nothing could be left out.
      const resolveDir = path.startsWith('.') ? options.resolveDir : here('../..')
      const found = await resolve(path, { ...options, resolveDir, pluginData: leanTypeBox })
      return { ...found, sideEffects: false }
    })
    onLoad({ filter: /packages\/.*\/src\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const named = /import \{[^}]*\bType,?\s*\} from 'typebox'/
      return { contents: source.replace(named, "import * as Type from 'typebox'"), loader: 'ts' }
    })
  },
}

/**
 * An agent mostly waits: what it runs need not be compiled, and the compilers' own memory is never
 * touched; what has run and does not run again is given back at the next collection. Said before the first module is evaluated; on a list of 10,000 files it costs 0.3 s. The
 * process that applies a delta works, and ends: `store/delta-process.ts`.
 */
const thrift = ['--no-opt', '--no-maglev', '--no-sparkplug', '--bytecode-old-age=1']
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
    plugins: [...plugins, leanBuiltins, leanTypeBox],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    banner: {
      js: `#!/usr/bin/env node\n${setFlags}`,
    },
  })
  // Whoever runs the file meanwhile sees the old one or the new one, whole.
  await rename(draft, outfile)
}

if (import.meta.main) await buildAgent(here('../../build/steadfleet-agent.mjs'))
