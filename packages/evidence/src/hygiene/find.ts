import type { Finding } from './rules.ts'
import { ruleOfProgram } from './servers.ts'
import type { FileTraces } from './traces.ts'

/** A file, link or folder of a tree, and what was seen when it was looked at. */
export type LookedAt =
  | {
      readonly path: string
      readonly kind: 'file'
      /** As it was found where it was packed from. */
      readonly mode: number
      readonly traces: FileTraces
    }
  | {
      readonly path: string
      readonly kind: 'link'
      readonly target: string
      /** Whether it leads to anything of the tree. */
      readonly isBroken: boolean
    }
  | { readonly path: string; readonly kind: 'directory' }

type LookedAtFile = Extract<LookedAt, { kind: 'file' }>
type LookedAtLink = Extract<LookedAt, { kind: 'link' }>

/** Everything in a tree that hygiene has a rule for, in the order of its paths. */
export function findingsIn(entries: readonly LookedAt[]): Finding[] {
  const files = entries.filter(entry => entry.kind === 'file')
  const links = entries.filter(entry => entry.kind === 'link')
  const found = [...files.flatMap(inFile), ...links.flatMap(inLink), ...unusedLibraries(files)]
  return found.sort((a, b) => compare(a.path, b.path) || compare(a.rule, b.rule))
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function inFile({ path, mode, traces }: LookedAtFile): Finding[] {
  const named = (mode & 0o111) === 0 ? undefined : ruleOfProgram(path)
  const byName: Finding[] = named ? [{ rule: named, path, words: 'is one by its name' }] : []
  const byContent = traces.found.filter(({ rule }) => rule !== named).map(one => ({ ...one, path }))
  return [...byName, ...byContent, ...inMode(path, mode)]
}

function inMode(path: string, mode: number): Finding[] {
  return [
    ...when((mode & 0o4000) !== 0, { rule: 'setuid', path, words: 'is setuid' }),
    ...when((mode & 0o2000) !== 0, { rule: 'setuid', path, words: 'is setgid' }),
    ...when((mode & 0o002) !== 0, {
      rule: 'world-writable',
      path,
      words: 'could be written by anyone',
    }),
  ]
}

/** What only a running system has: where a link leads there it is not broken. */
const completedLater = /^\/(proc|sys|dev|run|tmp|data|var\/(run|lock|log|tmp|lib))(\/|$)/

function inLink({ path, target, isBroken }: LookedAtLink): Finding[] {
  const rule = ruleOfProgram(path)
  // A link to a program of the same kind tells nothing that the program does not.
  const isNews = rule !== undefined && ruleOfProgram(target) !== rule
  const words = `leads to ${target}, which is not there`
  return [
    ...(isNews && !isBroken
      ? [{ rule, path, words: `is one by its name, and leads to ${target}` }]
      : []),
    ...when(isBroken && !completedLater.test(target), { rule: 'broken-link', path, words }),
  ]
}

/** Where the loader looks by itself; elsewhere a library is loaded by its path. */
const loaderFolder = /^(usr\/)?(local\/)?lib(32|64|x32)?(\/[\w-]+-linux-gnu[\w]*)?\/[^/]+$/
/** The C library makes up these names while it runs: nsswitch.conf(5), gconv, threads for debuggers. */
const loadedByRule = /^(libnss_|ld-linux|libc\.so|libgcc_s|libthread_db)/

function unusedLibraries(files: readonly LookedAtFile[]): Finding[] {
  const counts = countReferences(files)
  return files.flatMap(file => {
    const name = sonameOf(file)
    if (name === undefined || loadedByRule.test(name)) return []
    const own = namesIn(file).has(name) ? 1 : 0
    const isUsed = (counts.get(name) ?? 0) > own
    return when(!isUsed, {
      rule: 'unused-library',
      path: file.path,
      words: `nothing needs ${name}`,
    })
  })
}

function sonameOf({ path, traces }: LookedAtFile): string | undefined {
  return loaderFolder.test(path) ? traces.dynamic?.soname : undefined
}

/** In how many files each library is named. */
function countReferences(files: readonly LookedAtFile[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const file of files) {
    for (const name of namesIn(file)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

function namesIn({ traces }: LookedAtFile): Set<string> {
  return new Set([...(traces.dynamic?.needs ?? []), ...traces.mentions])
}

/** Below this much more, a tree that grew is not told. */
const leastGrowth = 1_000_000

/** Whether a tree grew so much since the revision before that somebody should look. */
export function growthSince(before: number, now: number): Finding[] {
  const isMuch = now > before * 1.5 && now - before > leastGrowth
  const words = `the tree is ${now} bytes, that of the revision before was ${before}`
  return when(isMuch, { rule: 'grown', path: '', words })
}

function when(holds: boolean, finding: Finding): Finding[] {
  return holds ? [finding] : []
}
