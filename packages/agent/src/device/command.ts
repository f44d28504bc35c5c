import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { toTimestamp } from '@steadfleet/domain'
import type { LocalRouteName } from '@steadfleet/protocol'
import { type Paths, pathsOf } from '../disk/paths.ts'
import { wrongUsage } from '../error.ts'
import { type Asked, askAgent } from './local-client.ts'
import { texts } from './text.ts'

export const deviceUsage = `steadfleet-agent device: what this device does, and your say in it

  steadfleet-agent device status                      what it runs, and what it waits for
  steadfleet-agent device why                         the same in words; why it went back, if it did
  steadfleet-agent device changes [--limit COUNT]     how the last changes came out
  steadfleet-agent device log PACKAGE APP [--lines COUNT]
  steadfleet-agent device consent now|later [UNTIL]   answer to the update that is ready
  steadfleet-agent device hold [UNTIL]                put updates off; no longer than the fleet allows
  steadfleet-agent device resume                      take that back
  steadfleet-agent device update-now                  do not wait any longer, or ask the fleet at once
  steadfleet-agent device metered yes|no|auto         whether fetching costs something here
  steadfleet-agent device revert [--to GENERATION] [--restore-data]

  UNTIL         a moment such as 2026-12-24T18:00:00Z, or from now on such as 90m, 12h or 3d
  --state DIR   state directory of the agent (default: STEADFLEET_STATE, else /var/lib/steadfleet/state)
  --json        print the answer of the agent as it is

Examples:
  $ steadfleet-agent device why
  $ steadfleet-agent device hold 3d
  $ steadfleet-agent device status --json --state ./device-1

Exit codes: 0 done, 1 refused or not reached, 2 no such command.
`

const options = {
  state: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  limit: { type: 'string' },
  lines: { type: 'string' },
  to: { type: 'string' },
  'restore-data': { type: 'boolean' },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values']

interface Words {
  readonly words: readonly string[]
  readonly values: Values
  readonly now: Date
}

/** One verb: what it asks of the agent, made of what was typed. */
interface Verb<N extends LocalRouteName> {
  readonly asks: N
  readonly most: number
  readonly with?: (typed: Words) => Asked<N>
}

function verb<N extends LocalRouteName>(one: Verb<N>): Verb<N> {
  return one
}

const verbs: Readonly<Record<string, Verb<LocalRouteName>>> = {
  status: verb({ asks: 'status', most: 0 }),
  why: verb({ asks: 'why', most: 0 }),
  changes: verb({
    asks: 'changes',
    most: 0,
    with: ({ values }) => ({ query: { ...(values.limit && { limit: values.limit }) } }),
  }),
  log: verb({
    asks: 'log',
    most: 2,
    with: ({ words: [name, app], values: { lines } }) => {
      if (name === undefined || app === undefined)
        throw wrongUsage('log needs a package and an app')
      return { query: { package: name as never, app, ...(lines && { lines }) } }
    },
  }),
  hold: verb({
    asks: 'hold',
    most: 1,
    with: ({ words: [until], now }) => ({ body: until ? { until: momentOf(until, now) } : {} }),
  }),
  resume: verb({ asks: 'resume', most: 0 }),
  'update-now': verb({ asks: 'updateNow', most: 0 }),
  metered: verb({
    asks: 'metered',
    most: 1,
    with: ({ words: [word = ''] }) => {
      const metered = { yes: true, no: false, auto: null }[word]
      if (metered === undefined) throw wrongUsage('metered needs yes, no or auto')
      return { body: { metered } }
    },
  }),
  revert: verb({
    asks: 'revert',
    most: 0,
    with: ({ values: { to, 'restore-data': restoreData } }) => {
      if (to !== undefined && !/^[1-9]\d{0,8}$/.test(to)) throw wrongUsage(`${to} is no generation`)
      return { body: { ...(to && { to: Number(to) }), ...(restoreData && { restoreData }) } }
    },
  }),
} as Readonly<Record<string, Verb<LocalRouteName>>>

export interface DeviceWorld {
  readonly now: Date
  readonly state: string | undefined
  readonly say: (text: string) => void
}

/** Does one `device` command; throws what the agent refuses and what cannot be understood. */
export async function runDevice(args: readonly string[], world: DeviceWorld): Promise<void> {
  const { values, positionals } = parse(args)
  const [name, ...words] = positionals
  if (values.help || name === undefined || name === 'help') return world.say(deviceUsage.trimEnd())
  const paths = pathsOf(resolve(values.state ?? world.state ?? usualState()))
  const typed = { words, values, now: world.now }
  if (name === 'consent') return world.say(await giveConsent(paths, typed))
  const found = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (found === undefined) throw wrongUsage(`device ${name} is no command`)
  if (words.length > found.most)
    throw wrongUsage(`${words.slice(found.most).join(' ')} is too much`)
  const reply = await askAgent(paths, found.asks, found.with?.(typed) ?? {})
  world.say(values.json ? JSON.stringify(reply) : textOf(found.asks, reply))
}

/** An answer is about one update: the one that is shown at this moment. */
async function giveConsent(paths: Paths, { words, values, now }: Words): Promise<string> {
  const [answer, until, ...rest] = words
  if (answer !== 'now' && answer !== 'later') throw wrongUsage('consent needs now or later')
  if (rest.length > 0) throw wrongUsage(`${rest.join(' ')} is too much`)
  const { update } = await askAgent(paths, 'status', {})
  const body = {
    answer,
    update: update?.id ?? 'none',
    ...(until !== undefined && { until: momentOf(until, now) }),
  } as const
  const reply = await askAgent(paths, 'consent', { body })
  return values.json ? JSON.stringify(reply) : texts.consent(reply)
}

function textOf(name: LocalRouteName, reply: unknown): string {
  return (texts[name] as (reply: unknown) => string)(reply)
}

/** Where the line that enrols a device as root puts it; and where `steadfleet agent` does. */
function usualState(): string {
  const places = ['/var/lib/steadfleet/state', '/var/lib/steadfleet']
  return places.find(place => existsSync(`${place}/identity`)) ?? '/var/lib/steadfleet/state'
}

const unitSeconds: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 }

/** A moment as it was typed, or so long from now. */
function momentOf(text: string, now: Date): string {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? []
  const seconds = Number(count) * (unitSeconds[unit] ?? 0)
  const at = count === '' ? new Date(text) : new Date(now.getTime() + seconds * 1000)
  const isMoment =
    count !== '' || /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
  if (isMoment && !Number.isNaN(at.getTime())) return toTimestamp(at)
  throw wrongUsage(`${text} is no moment, such as 2026-12-24T18:00:00Z or 3d`)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (cause) {
    throw wrongUsage(cause instanceof Error ? cause.message : String(cause), cause)
  }
}
