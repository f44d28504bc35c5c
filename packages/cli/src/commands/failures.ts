import type { DefectState } from '@steadfleet/domain'
import {
  type DefectDetails,
  type DefectView,
  getDefect,
  listDefects,
  steerDefect,
} from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'

const number = { name: '<number>', what: 'the number that failures list gives it' } as const
const states: readonly string[] = ['open', 'resolved', 'regressed', 'ignored']

/** `steadfleet failures list` */
const failuresList: CommandSpec = {
  name: 'failures list',
  summary: 'What fails in the fleet, by fingerprint: how often, on how many devices, since when.',
  options: [
    { flags: '--state <state>', what: 'open, regressed, resolved or ignored' },
    { flags: '--package <name>', what: 'of this package alone' },
  ],
  examples: ['failures list', 'failures list --state regressed', 'failures list --json'],
  async run(call) {
    const { client, home } = await openFleet(call)
    const state = stateOption(call)
    const name = textOption(call, 'package')
    const query = {
      fleet: home.fleet,
      ...(state && { state }),
      ...(name && { package: name as never }),
    }
    const all = await client.call(listDefects, { query })
    call.output.answer(all, () =>
      toTable(
        ['no', 'state', 'package', 'kind', 'devices', 'count', 'revisions', 'last seen', 'what'],
        all.map(toRow),
        'no failure was reported',
      ),
    )
  },
}

/** `steadfleet failures show NUMBER` */
const failuresShow: CommandSpec = {
  name: 'failures show',
  takes: [number],
  summary:
    'One of them: its devices and revisions, the release it is in, and what the app said last.',
  examples: ['failures show 3', 'failures show 3 --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const found = await client.call(getDefect, { params: { defect: numberOf(call) } })
    call.output.answer(found, () => inWords(found))
  },
}

const deeds = [
  ['resolve', 'Say that it is mended; in a later revision it comes back as regressed.'],
  ['ignore', 'Say that nobody needs to hear of it.'],
  ['reopen', 'Take back what was said of it.'],
] as const

const steering = deeds.map(
  ([deed, summary]): CommandSpec => ({
    name: `failures ${deed}`,
    takes: [number],
    summary,
    ...(deed === 'resolve' && {
      options: [
        {
          flags: '--in <revision>',
          what: 'the first revision without it; else the next after those it was seen in',
        },
      ],
    }),
    examples: [`failures ${deed} 3`, `failures ${deed} 3 --json`],
    async run(call) {
      const { client } = await openFleet(call)
      const params = { defect: numberOf(call), deed }
      const revision = textOption(call, 'in')
      const body = revision === undefined ? {} : { revision: toNumber(revision) }
      const now = await client.call(steerDefect, { params, body })
      call.output.answer(now, () => `failure ${now.id} is ${now.state}`)
    },
  }),
)

export const failuresCommands: readonly CommandSpec[] = [failuresList, failuresShow, ...steering]

function toRow(one: DefectView): string[] {
  const { id, state, kind, devices, count, title } = one
  const news = one.isNew ? ' (new)' : ''
  return [
    ...[`${id}`, state, one.package, kind, `${devices}`, `${count}`],
    ...[`${spanOf(one)}${news}`, one.lastSeen, title],
  ]
}

function spanOf({ firstRevision: first, lastRevision: last }: DefectView): string {
  return first === last ? `${first}` : `${first}–${last}`
}

function inWords(found: DefectDetails): string {
  const [sample] = found.samples
  const [release] = found.releases
  const said = sample
    ? ['', `last said on ${sample.deviceName}, ${sample.at}:`, ...sample.failure.log]
    : []
  return [
    `failure ${found.id}: ${found.title}`,
    `${found.kind} of ${found.package}${found.app ? `, app ${found.app}` : ''}, revisions ${spanOf(found)}, ${found.state}`,
    `${found.count} times on ${found.devices} devices, from ${found.firstSeen} to ${found.lastSeen}`,
    ...(release
      ? [`release record ${release.record.digest}, provenance ${release.provenance.digest}`]
      : []),
    '',
    toTable(
      ['device', 'revision', 'count', 'last seen'],
      found.hit.map(one => [one.deviceName, `${one.revision}`, `${one.count}`, one.lastSeen]),
    ),
    ...said,
  ].join('\n')
}

function stateOption(call: Call): DefectState | undefined {
  const typed = textOption(call, 'state')
  if (typed === undefined || states.includes(typed)) return typed as DefectState | undefined
  throw new CliError(
    'cli/usage',
    `cannot list failures that are ${typed}: not ${states.join(', ')}`,
  )
}

function numberOf(call: Call): number {
  return toNumber(argument(call, 0))
}

function toNumber(typed: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(typed)) return Number(typed)
  throw new CliError('cli/usage', `cannot read ${JSON.stringify(typed)} as a number`)
}
