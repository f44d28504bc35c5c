import { parseUpdatePolicy, type UpdatePolicy } from '@steadfleet/domain'
import { listFleets, setUpdates } from '@steadfleet/protocol'
import { type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { policyLines, toBytes, toDayCount, toSeconds, toWindow } from '../fleet/update-policy.ts'

/** `steadfleet updates show` */
const show: CommandSpec = {
  name: 'updates show',
  summary: 'Show when the devices of the fleet may change, and how long each may put it off.',
  examples: ['updates show', 'updates show --json'],
  async run(call) {
    const policy = await heldPolicy(await openFleet(call))
    call.output.answer(policy, () => policyLines(policy).join('\n'))
  },
}

/** `steadfleet updates set` */
const set: CommandSpec = {
  name: 'updates set',
  summary: 'Say when devices may change. What is not given stays as it was.',
  options: [
    { flags: '--window <window>', what: 'these windows instead of those of before', repeats: true },
    { flags: '--any-time', what: 'no windows any more' },
    { flags: '--time-zone <zone>', what: 'whose clock they are read on; device for each its own' },
    { flags: '--consent <yes|no>', what: 'whether somebody at the device is asked' },
    { flags: '--max-delay <time>', what: 'the longest that an update is put off' },
    { flags: '--security-delay <time>', what: 'the same for one that mends a known flaw' },
    { flags: '--lease <time>', what: 'the longest that an app may say not now' },
    { flags: '--security-lease <time>', what: 'the same before a known flaw is mended' },
    { flags: '--min-battery <percent>', what: 'not on a battery below; 0 for any' },
    { flags: '--max-load <percent>', what: 'not under a load above; 0 for any' },
    { flags: '--metered <wait|fetch>', what: 'whether a metered link is waited out' },
    {
      flags: '--keep-rejected <days>',
      what: 'how long data that was gone back from is kept; device for each its own',
    },
    { flags: '--store-limit <bytes>', what: 'what releases may take on a device; device likewise' },
  ],
  examples: [
    'updates set --window "mon-fri 02:00-05:00" --window "sat,sun 22:00-06:00" --time-zone Europe/Berlin',
    'updates set --consent yes --max-delay 14d --security-delay 1d',
    'updates set --keep-rejected 30 --store-limit 2G',
    'updates set --any-time --consent no --json',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    await put(call, fleet, nextPolicy(await heldPolicy(fleet), call))
  },
}

/** `steadfleet updates clear` */
const clear: CommandSpec = {
  name: 'updates clear',
  summary: 'Let devices change as soon as an update is there: the default.',
  examples: ['updates clear', 'updates clear --json'],
  run: async call => put(call, await openFleet(call), {}),
}

export const updatesCommands = [show, set, clear]

async function heldPolicy({ home, client }: Fleet): Promise<UpdatePolicy> {
  const fleets = await client.call(listFleets, {})
  return fleets.find(({ name }) => name === home.fleet)?.updates ?? {}
}

async function put(call: Call, { home, client }: Fleet, body: UpdatePolicy): Promise<void> {
  const { updates } = await client.call(setUpdates, { params: { fleet: home.fleet }, body })
  call.output.answer(updates, () => policyLines(updates).join('\n'))
}

type Member = keyof UpdatePolicy

/** What of an option's text becomes a member of the policy; undefined takes the member away. */
const readers: Readonly<Record<string, readonly [Member, (typed: string) => unknown]>> = {
  timeZone: ['time-zone', typed => orDevice(typed, zone => zone)],
  consent: ['consent', typed => ({ yes: true, no: undefined })[word(typed, ['yes', 'no'])]],
  maxDelay: ['max-delay-seconds', toSeconds],
  securityDelay: ['security-delay-seconds', toSeconds],
  lease: ['lease-seconds', toSeconds],
  securityLease: ['security-lease-seconds', toSeconds],
  minBattery: ['min-battery-percent', toPercent],
  maxLoad: ['max-load-percent', toPercent],
  metered: ['metered', typed => word(typed, ['wait', 'fetch'])],
  keepRejected: ['keep-rejected-days', typed => orDevice(typed, toDayCount)],
  storeLimit: ['store-limit-bytes', typed => orDevice(typed, toBytes)],
}

/** The policy with what was typed; exported for its test. */
export function nextPolicy(before: UpdatePolicy, call: Pick<Call, 'options'>): UpdatePolicy {
  const typed = Object.entries(readers).flatMap(([name, [member, read]]) => {
    const text = textOption(call, name)
    return text === undefined ? [] : [[member, read(text)] as const]
  })
  const windows = listOption(call, 'window').map(toWindow)
  const isAnyTime = call.options.anyTime === true
  if (windows.length > 0 && isAnyTime) throw wrong('cannot take both --window and --any-time')
  if (typed.length === 0 && windows.length === 0 && !isAnyTime) {
    throw wrong('cannot set nothing: steadfleet updates set --help shows what there is')
  }
  const shown = windows.length > 0 || isAnyTime ? [['windows', windows] as const] : []
  const next = { ...before, ...Object.fromEntries([...typed, ...shown]) }
  if (isAnyTime) delete next.windows
  return parseUpdatePolicy(
    Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)),
  )
}

/** `device` leaves it to each device. */
function orDevice<T>(typed: string, read: (typed: string) => T): T | undefined {
  return typed === 'device' ? undefined : read(typed)
}

function toPercent(typed: string): number | undefined {
  if (!/^\d{1,5}$/.test(typed)) throw wrong(`cannot read ${JSON.stringify(typed)} as a percentage`)
  return Number(typed) || undefined
}

function word<const W extends string>(typed: string, words: readonly W[]): W {
  const found = words.find(one => one === typed)
  if (found) return found
  throw wrong(`cannot take ${JSON.stringify(typed)}: write ${words.join(' or ')}`)
}

function wrong(message: string): CliError {
  return new CliError('cli/usage', message)
}
