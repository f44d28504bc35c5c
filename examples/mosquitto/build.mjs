import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Makes the health check one file, so that the tree need not carry npm's folders. */
const here = dirname(fileURLToPath(import.meta.url))
await build({
  entryPoints: [join(here, 'check/check-health.ts')],
  outfile: join(here, 'built/check-health.cjs'),
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
})
