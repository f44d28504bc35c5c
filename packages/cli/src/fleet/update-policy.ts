import { type UpdatePolicy, type UpdateWindow, usualBounds, weekdays } from '@steadfleet/domain'
import { CliError } from '../error.ts'

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `14d`, `12h`, `90m`, `30s` or a count of seconds; 0 for not at all. */
export function toSeconds(typed: string): number {
  const [, count = '', unit = 's'] = /^(0|[1-9]\d{0,8})([smhd])?$/.exec(typed) ?? []
  if (count !== '') return Number(count) * (unitSeconds[unit] ?? 1)
  throw wrong(`cannot read ${JSON.stringify(typed)} as a time: write 14d, 12h, 90m or seconds`)
}

const unitBytes: Readonly<Record<string, number>> = { k: 1000, M: 1_000_000, G: 1_000_000_000 }

/** `500M`, `2G` or a count of bytes, as the agent reads it. */
export function toBytes(typed: string): number {
  const [, count = '', unit = ''] = /^([1-9]\d{0,14})([kMG])?$/.exec(typed) ?? []
  if (count !== '') return Number(count) * (unitBytes[unit] ?? 1)
  throw wrong(`cannot read ${JSON.stringify(typed)} as bytes: write 500M or 2G`)
}

export function toDayCount(typed: string): number {
  if (/^\d{1,4}$/.test(typed)) return Number(typed)
  throw wrong(`cannot read ${JSON.stringify(typed)} as a number of days, such as 7`)
}

/** `mon-fri 02:00-05:00`, `sat,sun 22:00-06:00` or, every day, `02:00-05:00`. */
export function toWindow(typed: string): UpdateWindow {
  const form = /^(?:([a-z,-]+) )?((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)$/
  const [whole, days, from = '', to = ''] = form.exec(typed) ?? []
  const named = days?.split(',').flatMap(toDays) ?? []
  if (whole === undefined || named.includes(undefined)) {
    throw wrong(`cannot read ${JSON.stringify(typed)} as a window: write "mon-fri 02:00-05:00"`)
  }
  const unique = weekdays.filter(day => named.includes(day))
  return { ...(unique.length > 0 && { days: unique }), from, to }
}

/** A day or a range of days, which may go over the end of the week. */
function toDays(word: string): ((typeof weekdays)[number] | undefined)[] {
  const [first = '', last = first, ...rest] = word.split('-')
  const [begin, end] = [first, last].map(name => (weekdays as readonly string[]).indexOf(name))
  if (begin === undefined || end === undefined || begin < 0 || end < 0 || rest.length > 0) {
    return [undefined]
  }
  const count = ((end - begin + 7) % 7) + 1
  return Array.from({ length: count }, (_, i) => weekdays[(begin + i) % 7])
}

/** What a policy comes to, in words, the bounds that it does not state among them. */
export function policyLines(policy: UpdatePolicy): string[] {
  const bounds = { ...usualBounds, ...policy }
  const zone = policy['time-zone'] ?? 'the time zone of each device'
  const windows = policy.windows?.map(toWindowText) ?? []
  return [
    windows.length === 0
      ? 'devices change at any time'
      : `devices change in windows, in ${zone}: ${windows.join('; ')}`,
    ...(policy.consent ? ['somebody at the device is asked first'] : []),
    ...(policy['min-battery-percent']
      ? [`not on a battery below ${policy['min-battery-percent']} %`]
      : []),
    ...(policy['max-load-percent']
      ? [`not under a load above ${policy['max-load-percent']} %`]
      : []),
    policy.metered === 'fetch'
      ? 'updates are fetched over metered links'
      : 'updates are not fetched over metered links',
    ...(policy['keep-rejected-days'] === undefined
      ? []
      : [`data that was gone back from is kept for ${policy['keep-rejected-days']} days at most`]),
    ...(policy['store-limit-bytes'] === undefined
      ? []
      : [`releases take ${policy['store-limit-bytes']} bytes of a device at most`]),
    `all this puts an update off for ${toText(bounds['max-delay-seconds'])} at most`,
    `one that mends a known flaw for ${toText(bounds['security-delay-seconds'])}`,
    `an app that says not now for ${toText(bounds['lease-seconds'])}, before a flaw is mended for ${toText(bounds['security-lease-seconds'])}`,
  ]
}

function toWindowText({ days, from, to }: UpdateWindow): string {
  return `${days?.join(',') ?? 'every day'} ${from}-${to}`
}

function toText(seconds: number): string {
  const [unit = 's', size = 1] =
    Object.entries(unitSeconds).findLast(([, one]) => seconds >= one && seconds % one === 0) ?? []
  return `${seconds / size} ${unit}`
}

function wrong(message: string): CliError {
  return new CliError('cli/usage', message)
}
