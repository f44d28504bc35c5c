/** Builds the dashboard into dist/, and only when a source, a dependency or this file changed. */
import { createHash } from 'node:crypto'
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const home = dirname(fileURLToPath(import.meta.url))
const stampFile = resolve(home, 'dist/.stamp')

/** Everything that decides what dist/ holds; of other packages, only errors are code here. */
const inputs = [
  'build.mjs',
  'index.html',
  'public/**/*',
  'src/**/*.{ts,tsx,css}',
  '../base/src/error.ts',
  '../protocol/src/problem.ts',
  '../../package-lock.json',
]

/** Builds when stale; true when it built. */
export async function buildDashboard() {
  const stamp = stampOfInputs()
  if (stamp === stampOfOutput()) return false
  const { build } = await import('vite')
  await build(await configuration())
  writeFileSync(stampFile, stamp)
  return true
}

async function configuration() {
  const { createLogger } = await import('vite')
  const { default: react } = await import('@vitejs/plugin-react')
  const logger = createLogger('warn')
  const { warn, warnOnce } = logger
  // base's digests use node:crypto; the bundle holds only its error shape, so the stub is dropped.
  const isNoise = message => message.includes('"node:crypto" has been externalized')
  logger.warn = (message, options) => void (isNoise(message) || warn(message, options))
  logger.warnOnce = (message, options) => void (isNoise(message) || warnOnce(message, options))
  return {
    configFile: false,
    root: home,
    customLogger: logger,
    plugins: [react()],
    build: {
      outDir: 'dist',
      emptyOutDir: true,
      // A strict content security policy allows no data: URLs and no inline script.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1500,
    },
  }
}

function stampOfInputs() {
  const hash = createHash('sha256')
  const files = globSync(inputs, { cwd: home }).filter(isShipped).sort()
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(resolve(home, file)))
      .update('\0')
  return hash.digest('hex')
}

/** Folders say nothing; tests and what they stand on are not bundled. */
function isShipped(file) {
  return !/\.test\.ts$|^src\/testing\//.test(file) && statSync(resolve(home, file)).isFile()
}

function stampOfOutput() {
  try {
    return readFileSync(stampFile, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const built = await buildDashboard()
  console.log(built ? 'dashboard built into packages/dashboard/dist' : 'dashboard is up to date')
}
