import { open } from 'node:fs/promises'
import type { TreeListing } from '@steadfleet/bundle'
import type { Manifest } from '@steadfleet/domain'
import {
  type FileBytes,
  type FileTraces,
  type Finding,
  findingsIn,
  growthSince,
  hygieneRules,
  type LookedAt,
  type Severity,
  severityOf,
  tracesOf,
} from '@steadfleet/evidence/hygiene'
import { follow } from './commands.ts'
import { PackError } from './error.ts'
import { isExcluded } from './glob.ts'
import type { OnProgress } from './progress.ts'
import type { FoundFile } from './source.ts'

/** A finding, how grave it is, and the manifest's reason where it accepts it. */
export interface JudgedFinding extends Finding {
  readonly severity: Severity
  readonly accepted?: string
}

export interface HygieneOptions {
  /** Refuse severe findings and warnings that are not accepted, whatever the manifest says. */
  readonly isStrict?: boolean
  /** Bytes of the tree of the revision before. */
  readonly sizeBefore?: number
  readonly onProgress: OnProgress
}

/** Looks at each file of a tree; refuses what the manifest, or the caller, says is refused. */
export async function checkHygiene(
  manifest: Manifest,
  { tree, files }: { readonly tree: TreeListing; readonly files: readonly FoundFile[] },
  options: HygieneOptions,
): Promise<JudgedFinding[]> {
  const { sizeBefore, onProgress } = options
  const size = files.reduce((sum, file) => sum + file.size, 0)
  const found = [
    ...findingsIn(await lookAt(tree, files, onProgress)),
    ...(sizeBefore === undefined ? [] : growthSince(sizeBefore, size)),
  ]
  const judged = judge(manifest, found)
  refuseFindings(judged, options.isStrict ? 'warnings' : manifest.hygiene?.refuse)
  return judged
}

async function lookAt(
  tree: TreeListing,
  files: readonly FoundFile[],
  onProgress: OnProgress,
): Promise<LookedAt[]> {
  const entries = new Map(tree.entries.map(entry => [entry.path, entry]))
  const places = new Map(files.map(file => [file.path, file]))
  const looked: LookedAt[] = []
  for (const entry of tree.entries) {
    if (entry.kind === 'link') {
      looked.push({ ...entry, isBroken: follow(entry.path, entries) === undefined })
    }
    const file = places.get(entry.path)
    if (!file) continue
    onProgress({ step: 'inspect', what: file.path, done: looked.length })
    looked.push({ path: file.path, kind: 'file', mode: file.mode, traces: await tracesIn(file) })
  }
  return looked
}

async function tracesIn({ path, content, size }: FoundFile): Promise<FileTraces> {
  await using file = await open(content, 'r')
  const bytes: FileBytes = {
    length: size,
    read: async (offset, length) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
      if (bytesRead === length) return buffer
      throw new PackError('pack/changed', `cannot pack ${path}: it changes while it is read`)
    },
  }
  return await tracesOf(path, bytes)
}

/** What the manifest accepts, with its reason; and what it accepts in vain. */
function judge(manifest: Manifest, found: readonly Finding[]): JudgedFinding[] {
  const accepts = acceptancesOf(manifest)
  const used = new Set<Acceptance>()
  const judged = found.map(finding => {
    const accept = accepts.find(
      ({ rule, path }) => rule === finding.rule && isExcluded(finding.path, [path]),
    )
    if (accept) used.add(accept)
    return { ...finding, severity: severityOf(finding), ...(accept && { accepted: accept.reason }) }
  })
  const idle = accepts.filter(accept => !accept.isSetuid && !used.has(accept))
  return [...judged, ...idle.map(toIdle)]
}

interface Acceptance {
  readonly rule: string
  readonly path: string
  readonly reason: string
  /** From the manifest's list of setuid files, which is about more than hygiene. */
  readonly isSetuid?: true
}

function acceptancesOf({ hygiene, setuid }: Manifest): Acceptance[] {
  const own = hygiene?.accept?.map(({ finding, ...rest }) => ({ rule: finding, ...rest })) ?? []
  const declared = setuid?.map(one => ({ ...one, rule: 'setuid', isSetuid: true as const })) ?? []
  return [...own, ...declared]
}

function toIdle({ rule, path }: Acceptance): JudgedFinding {
  const words = `accepts ${rule} there, and there is none`
  return { rule: 'unused-acceptance', path, words, severity: 'note' }
}

const refusedSeverities: Readonly<Record<'severe' | 'warnings', readonly Severity[]>> = {
  severe: ['severe'],
  warnings: ['severe', 'warning'],
}

function refuseFindings(
  judged: readonly JudgedFinding[],
  refuse: 'severe' | 'warnings' | undefined,
): void {
  if (refuse === undefined) return
  const open = judged.filter(
    one => one.accepted === undefined && refusedSeverities[refuse].includes(one.severity),
  )
  if (open.length === 0) return
  const lines = open
    .slice(0, 10)
    .map(({ path, words, rule }) => `${path || 'tree'}: ${words} (${rule})`)
  const more = open.length > lines.length ? `; and ${open.length - lines.length} more` : ''
  const message = `cannot pack: ${lines.join('; ')}${more}`
  throw new PackError('pack/hygiene', message, {
    findings: open.map(({ rule, path }) => `${rule} ${path}`),
  })
}

/** The findings as lines for people: each that matters, and how many notes there are. */
export function hygieneLines(findings: readonly JudgedFinding[]): string[] {
  const weighty = findings.filter(({ severity }) => severity !== 'note')
  const notes = findings.filter(
    ({ severity, rule }) => severity === 'note' && rule !== 'unused-acceptance',
  )
  const idle = findings.filter(({ rule }) => rule === 'unused-acceptance')
  return [
    ...[...weighty, ...idle].map(toLine),
    ...(notes.length > 0 ? [`hygiene     ${countNotes(notes)}; --json lists them`] : []),
  ]
}

function toLine({ severity, path, words, rule, accepted }: JudgedFinding): string {
  const head = `${(accepted === undefined ? severity : 'accepted').padEnd(11)} ${path || 'the tree'}`
  const tail = accepted === undefined ? hygieneRules[rule].advice : accepted
  return `${head}: ${words} (${rule}). ${tail}`
}

function countNotes(notes: readonly JudgedFinding[]): string {
  const counts = Map.groupBy(notes, ({ rule }) => rule)
  return [...counts].map(([rule, all]) => `${all.length} ${rule}`).join(', ')
}

/** Entries of `hygiene.accept` that no rule answers to, as the manifest's faults have it. */
export function unknownFindings(value: unknown): { path: string; message: string }[] {
  const names = Object.keys(hygieneRules)
  return acceptedNames(value).flatMap((name, i) =>
    typeof name !== 'string' || names.includes(name)
      ? []
      : [{ path: `/hygiene/accept/${i}/finding`, message: `must be one of ${names.join(', ')}` }],
  )
}

function acceptedNames(value: unknown): unknown[] {
  const accept = memberOf(memberOf(value, 'hygiene'), 'accept')
  return Array.isArray(accept) ? accept.map(one => memberOf(one, 'finding')) : []
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}
