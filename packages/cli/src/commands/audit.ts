import { createReadStream, createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { FleetName, parserOf, Timestamp } from '@steadfleet/domain'
import {
  type AuditEntry,
  type AuditHead,
  exportAudit,
  listAudit,
  verifyAudit,
} from '@steadfleet/protocol'
import { type LoggedHeads, loggedHeads } from '../audit/logged-heads.ts'
import { readEntries } from '../audit/read-entries.ts'
import { parseHeadText, readSeenHead, writeSeenHead } from '../audit/seen-head.ts'
import { argument, type Call, type CommandSpec, type OptionSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { wholeNumber } from '../fleet/find.ts'
import { homeOf, openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'
import { logPolicyOf } from '../verify/gather.ts'

const filters: readonly OptionSpec[] = [
  { flags: '--act <name>', what: 'acts of this name: setSettings, moveChannel' },
  { flags: '--by <name>', what: 'acts of this person, machine or device' },
  { flags: '--fleet <name>', what: 'acts on this fleet' },
  { flags: '--subject <text>', what: 'acts on this package, device, group' },
  { flags: '--since <time>', what: 'from this moment on: 2026-11-21T00:00:00Z' },
  { flags: '--until <time>', what: 'before this moment' },
]

/** `steadfleet audit list` */
const list: CommandSpec = {
  name: 'audit list',
  summary: 'Show who did what, from where, and what was before and after it; newest first.',
  options: [...filters, { flags: '--limit <number>', what: 'so many of them', otherwise: '50' }],
  examples: ['audit list', 'audit list --act decideGrant --limit 500 --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const limit = wholeNumber(textOption(call, 'limit') ?? '50', 'a number')
    const query = { ...filterOf(call), limit }
    const entries = await client.call(listAudit, { query })
    call.output.answer(entries, () =>
      toTable(
        ['#', 'at', 'by', 'from', 'act', 'of', 'before', 'after'],
        entries.map(toRow),
        'nothing was done yet that these options ask for',
      ),
    )
  },
}

/** `steadfleet audit export` */
const save: CommandSpec = {
  name: 'audit export',
  summary: 'Write the audit log to a file: JSON lines, which can be verified, or CSV.',
  options: [
    ...filters,
    { flags: '--format <format>', what: 'jsonl or csv', otherwise: 'jsonl' },
    {
      flags: '--out <file>',
      what: 'a new file; audit.jsonl or audit.csv here, where none is named',
    },
  ],
  examples: ['audit export', 'audit export --format csv --out november.csv --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const format = formatOf(call)
    const named = textOption(call, 'out') ?? `audit.${format}`
    const path = resolve(call.world.directory, named)
    const { body } = await client.open(exportAudit, { query: { ...filterOf(call), format } })
    await pipeline(body, createWriteStream(path, { flags: 'wx' })).catch(refused => {
      if (refused.code !== 'EEXIST') throw refused
      throw new CliError('cli/exists', `cannot write ${path}: it is there already`, { path })
    })
    call.output.answer({ file: path, format }, () => `written to ${path}`)
  },
}

/** `steadfleet audit verify` */
const verify: CommandSpec = {
  name: 'audit verify',
  takes: [{ name: '[file]', what: 'an export in JSON lines; without it, the server’s log' }],
  summary:
    'Find what was changed, removed, inserted or moved in the audit log, and whether it is the log that was seen before.',
  options: [
    { flags: '--head <head>', what: 'a head that the log must hold: 42:sha256:…' },
    { flags: '--log', what: 'also hold it against every head in the transparency log' },
  ],
  examples: ['audit verify', 'audit verify audit.jsonl --json', 'audit verify --log'],
  async run(call) {
    const told = textOption(call, 'head')
    const given = told === undefined ? [] : [parseHeadText(told)]
    const logged = call.options.log === true ? await loggedFor(call) : undefined
    const known = [...given, ...(logged?.heads ?? [])]
    const [file] = call.arguments
    const head =
      file === undefined
        ? await verifyServer(call, known)
        : await verifyAudit(readEntries(createReadStream(pathOf(call))), ...known)
    const newest = logged?.heads.at(-1)?.sequence
    const log = logged && { size: logged.size, heads: logged.heads.length, newest: newest ?? 0 }
    const answer = { ...head, verified: true, ...(log && { log }) }
    call.output.answer(answer, () => [inWords(head), ...(log ? [ofLog(log)] : [])].join('\n'))
  },
}

async function loggedFor(call: Call): Promise<LoggedHeads> {
  const home = await homeOf(call)
  return loggedHeads(home, await logPolicyOf(home), call.world.interrupted)
}

function ofLog({ size, heads, newest }: { size: number; heads: number; newest: number }): string {
  if (heads === 0)
    return `the log (${size} entries) holds no head of it yet: one is taken up each hour`
  return `the log (${size} entries) holds ${heads} heads of it, up to entry ${newest}; all are in it`
}

/** The server's log, held against what this folder saw last, and against heads that are known otherwise. */
async function verifyServer(call: Call, known: readonly AuditHead[]): Promise<AuditHead> {
  const { client, home } = await openFleet(call)
  const { body } = await client.open(exportAudit, { query: { format: 'jsonl' } })
  const head = await verifyAudit(readEntries(body), await readSeenHead(home.directory), ...known)
  await writeSeenHead(home.directory, head)
  return head
}

function pathOf(call: Call): string {
  return resolve(call.world.directory, argument(call, 0))
}

function inWords({ sequence, hash }: AuditHead): string {
  return [
    `${sequence} entries, none changed, removed or inserted`,
    `head ${sequence}:${hash}`,
  ].join('\n')
}

function toRow(entry: AuditEntry): string[] {
  const { sequence, at, by, place, act, subject, before, after } = entry
  return [`${sequence}`, at, by, place, act, subject, before, after]
}

const parseTime = parserOf('time', Timestamp)
const parseFleet = parserOf('fleet', FleetName)

function filterOf(call: Call) {
  const [act, by, subject] = ['act', 'by', 'subject'].map(name => textOption(call, name))
  const [since, until] = ['since', 'until'].map(name => textOption(call, name))
  const fleet = textOption(call, 'fleet')
  return {
    ...(act !== undefined && { act }),
    ...(by !== undefined && { by }),
    ...(subject !== undefined && { subject }),
    ...(fleet !== undefined && { fleet: parseFleet(fleet) }),
    ...(since !== undefined && { since: parseTime(since) }),
    ...(until !== undefined && { until: parseTime(until) }),
  }
}

function formatOf(call: Call): 'jsonl' | 'csv' {
  const typed = textOption(call, 'format') ?? 'jsonl'
  if (typed === 'jsonl' || typed === 'csv') return typed
  throw new CliError('cli/usage', `cannot write ${typed}: the formats are jsonl and csv`)
}

export const auditCommands: readonly CommandSpec[] = [list, save, verify]
