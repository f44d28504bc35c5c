// Makes one file of each library that comes in hundreds of them: to find and read those is most of
// what a process takes to start. Why it stands where it stands: docs/decisions/0049.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'

/** What nearly every process of ours loads. */
const libraries = ['kysely', 'typebox']

/** Where Node looks, for whatever is in `packages`, before it looks into the checkout's own. */
const place = 'packages/node_modules'

for (const name of libraries) await makeOneFile(name)

async function makeOneFile(name) {
  const folder = join(place, name)
  rmSync(folder, { recursive: true, force: true })
  const { version, exports } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'))
  const entries = Object.entries(exports).map(([entry, target]) => ({
    entry,
    file: entry === '.' ? 'index' : entry.slice(2),
    source: join('node_modules', name, target.default ?? target),
  }))
  await build({
    entryPoints: Object.fromEntries(entries.map(({ file, source }) => [file, source])),
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
  })
  for (const { file, source } of entries) writeTypes(join(folder, `${file}.d.ts`), source)
  const table = entries.map(({ entry, file }) => [
    entry,
    { types: `./${file}.d.ts`, default: `./${file}.js` },
  ])
  const described = { name, version, type: 'module', exports: Object.fromEntries(table) }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(described))
}

/** The types are the library's own, where they are. */
function writeTypes(file, source) {
  writeFileSync(file, `export * from '${relative(dirname(file), source)}'\n`)
}
