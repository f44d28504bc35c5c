import { mkdir, rename } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = path => fileURLToPath(new URL(path, import.meta.url))
const outfile = here('../../build/steadfleet-agent.mjs')
const draft = `${outfile}.${process.pid}.new`

await mkdir(here('../../build'), { recursive: true })
await build({
  entryPoints: [here('src/main.ts')],
  outfile: draft,
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  conditions: ['module', 'import'],
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  legalComments: 'none',
  banner: { js: '#!/usr/bin/env node' },
})
// Whoever runs the file meanwhile sees the old one or the new one, whole.
await rename(draft, outfile)
