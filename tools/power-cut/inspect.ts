import { hash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isCoded } from '@steadfleet/base'
import { objectsOf, parseTree } from '@steadfleet/bundle'
import { decodeGeneration, type Generation } from '@steadfleet/engine'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import type { Revisions } from './published.ts'

/** What runs by the one pointer, read without the agent. */
export function pointedGeneration(paths: Paths): Generation | undefined {
  if (!existsSync(join(paths.root, 'generations'))) return undefined
  return keptGeneration(paths, pointedNumber(paths))
}

/** Which generation the pointer names; where it is just being replaced, its copy does. */
export function pointedNumber({ current }: Paths): number {
  const link = [current, `${current}.copy`].find(isLink)
  return Number(basename(link === undefined ? '' : readlinkSync(link)))
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

/** The sealed record of this number, if a whole one is there. */
export function keptGeneration({ generations }: Paths, number: number): Generation | undefined {
  const folder = join(generations, String(number))
  return existsSync(folder) ? readRecord(folder) : undefined
}

/** The first of a record's copies that is whole; read apart from the agent, which would mend the others. */
function readRecord(folder: string): Generation | undefined {
  for (const name of readdirSync(folder).sort()) {
    const text = readFileSync(join(folder, name), 'utf8')
    const generation = decoded(text.slice(0, text.lastIndexOf('\nsha256:')))
    if (generation) return generation
  }
  return undefined
}

function decoded(text: string): Generation | undefined {
  try {
    return decodeGeneration(new TextEncoder().encode(text))
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}

export function revisionsOf({ packages }: Generation): Revisions {
  return Object.fromEntries(packages.map(one => [one.package, one.revision]))
}

/** No change is under way, and what the last one left was collected: its journal begins anew. */
export function isCheckpointed({ journal }: Paths): boolean {
  const newest = readdirSync(journal)
    .filter(name => name.endsWith('.log'))
    .sort()
    .at(-1)
  if (newest === undefined) return false
  return readFileSync(join(journal, newest), 'utf8').split('\n').length === 2
}

/** Every file of the store that is not what its name, or its tree's listing, says. */
export function faultsOfStore(paths: Paths): string[] {
  const sha256 = makeHasher()
  const objects = objectFiles(paths)
  const damaged = objects.filter(({ path, hex }) => sha256(path) !== hex)
  const trees = readdirSync(paths.trees).flatMap(hex => faultsOfTree(paths, hex, sha256))
  return [...damaged.map(({ path }) => `${path} is damaged`), ...trees]
}

function faultsOfTree(paths: Paths, hex: string, sha256: Hasher): string[] {
  const listing = objectPath(paths, hex)
  if (!existsSync(listing)) return [`tree ${hex} has no listing`]
  const { entries } = parseTree(readFileSync(listing))
  const home = join(paths.trees, hex)
  const named = new Set(entries.map(one => one.path))
  const strangers = readdirSync(home, { recursive: true }).filter(one => !named.has(String(one)))
  const wrong = entries.filter(one => {
    const path = join(home, one.path)
    if (one.kind === 'file') return !existsSync(path) || `sha256:${sha256(path)}` !== one.digest
    return one.kind === 'link' ? readlinkSync(path) !== one.target : !existsSync(path)
  })
  return [
    ...strangers.map(one => `tree ${hex} has ${one}, which nobody named`),
    ...wrong.map(one => `tree ${hex} has a wrong ${one.path}`),
  ]
}

/** What lies there and belongs to no generation that is kept; it should have been collected. */
export function leftoversOf(paths: Paths): string[] {
  const numbers = readdirSync(paths.generations)
  const kept = numbers.map(number => readRecord(join(paths.generations, number)))
  const packages = kept.flatMap(one => one?.packages ?? [])
  const trees = new Set([...packages.map(one => one.tree.digest.slice(7)), ...agentTrees(paths)])
  const needed = new Set([
    ...trees,
    ...packages.map(one => one.record.digest.slice(7)),
    ...[...trees].flatMap(hex => contentOf(paths, hex)),
  ])
  const data = packages.map(one => join(one.package.replace('/', '.'), String(one.data)))
  const known = new Set(data.flatMap(one => [one, `${one}.settings.json`]))
  return [
    ...kept.flatMap((one, i) => (one ? [] : [`generation ${numbers[i]} cannot be read`])),
    ...(kept.length > 2 ? [`${kept.length} generations are kept`] : []),
    ...readdirSync(paths.incoming).map(name => `incoming/${name}`),
    ...readdirSync(paths.building).map(name => `building/${name}`),
    ...readdirSync(paths.trees)
      .filter(hex => !trees.has(hex))
      .map(hex => `trees/${hex}`),
    ...objectFiles(paths)
      .filter(({ hex }) => !needed.has(hex))
      .map(({ path }) => path),
    ...dataFolders(paths)
      .filter(name => !known.has(name) && !isRejected.test(name))
      .map(name => `data/${name}`),
    ...drafts(paths),
  ]
}

/** Which agent the next start runs: the tree of a package, or `own`. */
export function pointedAgent(paths: Paths): string {
  return agentNames(paths, 'current')[0] ?? 'own'
}

/** The trees of all agents that may be started again. */
function agentTrees(paths: Paths): string[] {
  const names = ['current', 'previous', 'proven'].flatMap(file => agentNames(paths, file))
  return names.filter(name => /^[0-9a-f]{64}$/.test(name))
}

function agentNames({ agent }: Paths, file: string): string[] {
  const path = join(agent, file)
  return existsSync(path) ? [readFileSync(path, 'utf8').split(/[ \n]/)[0] ?? ''] : []
}

/** Data of a generation that failed are kept for a while after the next commit, on purpose. */
const isRejected = /\/\d+\.rejected(\.json)?$/

/** What a write that was cut leaves beside its file. */
function drafts({ root, identity, trust, journal, outbox, agent }: Paths): string[] {
  return [root, identity, trust, journal, outbox, agent].flatMap(folder =>
    readdirSync(folder)
      .filter(name => /\.(new|partial|unread)$/.test(name))
      .map(name => join(folder, name)),
  )
}

function dataFolders({ data }: Paths): string[] {
  return readdirSync(data).flatMap(home =>
    readdirSync(join(data, home)).map(name => join(home, name)),
  )
}

function contentOf(paths: Paths, hex: string): string[] {
  const listing = objectPath(paths, hex)
  if (!existsSync(listing)) return []
  return objectsOf(parseTree(readFileSync(listing))).map(({ digest }) => digest.slice(7))
}

function objectPath({ objects }: Paths, hex: string): string {
  return join(objects, hex.slice(0, 2), hex)
}

function objectFiles({ objects }: Paths): { path: string; hex: string }[] {
  return readdirSync(objects, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => ({ path: join(entry.parentPath, entry.name), hex: entry.name.slice(0, 64) }))
}

type Hasher = (path: string) => string

/** A file has its content under all of its names: it is read once. */
function makeHasher(): Hasher {
  const known = new Map<string, string>()
  return path => {
    const { ino, ctimeMs } = statSync(path)
    const file = `${ino} ${ctimeMs}`
    const hex = known.get(file) ?? hash('sha256', readFileSync(path))
    known.set(file, hex)
    return hex
  }
}

/** What may have happened to an app's data. */
interface Past {
  /** The words that lay there before the journey. */
  readonly before: readonly string[]
  /** The revisions that ran, one after the other. */
  readonly ran: readonly number[]
  /** Those of all revisions that migrate. */
  readonly migrated: readonly number[]
  /** Of those that ran, the ones that need not have. */
  readonly maybe?: readonly (number | undefined)[]
}

/**
 * What is wrong with the words an app's starts and migrations left in its data: what lay there before
 * the journey must still be there, then come only the revisions that may have run, in order, each
 * migration right before the first start of its revision.
 */
export function faultsOfHistory(
  words: readonly string[],
  { before, ran, migrated, maybe = [] }: Past,
): string[] {
  const kept = words.slice(0, before.length)
  if (kept.join() !== before.join()) return [`${before.join(' ')} became ${kept.join(' ')}`]
  const rest = words.slice(before.length).join(' ')
  const expected = ran.map(revision => {
    const migration = migrated.includes(revision) ? `m${revision} ` : ''
    const isLast = revision === ran.at(-1)
    if (revision === ran[0]) return `(${revision} )*`
    if (maybe.includes(revision)) return `(${migration}(${revision} )*)?`
    return `${migration}(${revision} )${isLast ? '+' : '*'}`
  })
  return new RegExp(`^${expected.join('')}$`).test(`${rest} `.trimStart())
    ? []
    : [`after ${before.join(' ')} there is ${rest}, not ${expected.join('')}`]
}
