import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { createEnrolmentToken } from '@steadfleet/protocol'
import { type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { wholeNumber } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { toSeconds } from '../fleet/update-policy.ts'
import { programs } from '../process/checkout.ts'

/** So many tokens are asked for at the same time. */
const askedAtOnce = 16

/** `steadfleet simulate` */
export const simulate: CommandSpec = {
  name: 'simulate',
  summary:
    'Let simulated devices join the fleet and obey it, until Ctrl-C. They stay in the fleet.',
  options: [
    { flags: '--devices <count>', what: 'how many', otherwise: '100' },
    {
      flags: '--seed <number>',
      what: 'the same seed: the same devices, and fates',
      otherwise: '1',
    },
    { flags: '--for <time>', what: 'end after so long, as 90s or 10m' },
    { flags: '--probation <time>', what: 'how long each tries a release', otherwise: '10s' },
    { flags: '--fetch <time>', what: 'how long each fetches one', otherwise: '1s' },
    { flags: '--check-in <time>', what: 'how often each asks by itself', otherwise: '15m' },
    { flags: '--breaks <revision=share>', what: 'a revision that fails on a share', repeats: true },
    { flags: '--fails <share>', what: 'of updates that fail whatever they bring', otherwise: '0' },
    {
      flags: '--vanishes <share>',
      what: 'of devices that fall silent once ordered',
      otherwise: '0',
    },
    { flags: '--offline <share>', what: 'of the time without a network', otherwise: '0' },
    { flags: '--slow <share>', what: 'of devices that take ten times as long', otherwise: '0' },
    { flags: '--liars <share>', what: 'of devices whose clock is wrong', otherwise: '0' },
  ],
  examples: [
    'simulate --devices 100',
    'simulate --devices 10000 --breaks 3=0.2 --fails 0.02 --vanishes 0.03',
    'simulate --devices 20 --for 10s --json',
  ],
  async run(call) {
    const options = optionsOf(call)
    const fleet = await openFleet(call)
    const child = spawn(process.execPath, [programs.simulator], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const end = (): void => void child.stdin?.end()
    call.world.interrupted.addEventListener('abort', end, { once: true })
    const ended = once(child, 'close')
    const telling = tell(call, child)
    child.stdin?.write(`${JSON.stringify(options)}\n`)
    await giveTokens(call, fleet, child, options.devices)
    const lasting = textOption(call, 'for')
    const timer = lasting === undefined ? undefined : setTimeout(end, toSeconds(lasting) * 1000)
    const [code] = (await ended) as [number | null]
    clearTimeout(timer)
    await telling
    if (code !== 0) throw new CliError('cli/process', `the simulator ended with ${code}`)
  },
}

function optionsOf(call: Call) {
  const share = (name: string): number => toShare(textOption(call, name) ?? '0')
  const seconds = (name: string): number => toSeconds(textOption(call, name) ?? '')
  return {
    seed: wholeNumber(textOption(call, 'seed') ?? '', 'a seed'),
    devices: wholeNumber(textOption(call, 'devices') ?? '', 'a number of devices'),
    'probation-seconds': seconds('probation'),
    'fetch-seconds': seconds('fetch'),
    'check-in-seconds': seconds('checkIn'),
    model: {
      breaks: listOption(call, 'breaks').map(toBreak),
      ...{ fails: share('fails'), vanishes: share('vanishes'), offline: share('offline') },
      ...{ slow: share('slow'), liars: share('liars') },
    },
  }
}

/** `3=0.2`: revision 3 fails on one device in five. */
function toBreak(typed: string): { revision: number; share: number } {
  const [revision = '', share = '', ...rest] = typed.split('=')
  if (rest.length > 0 || share === '') throw wrong(typed, 'as REVISION=SHARE: write 3=0.2')
  return { revision: wholeNumber(revision, 'a revision'), share: toShare(share) }
}

function toShare(typed: string): number {
  const share = Number(typed)
  if (/^(0|1|0?\.\d{1,9}|1\.0+)$/.test(typed)) return share
  throw wrong(typed, 'as a share: write a number from 0 to 1')
}

function wrong(typed: string, what: string): CliError {
  return new CliError('cli/usage', `cannot read ${JSON.stringify(typed)} ${what}`)
}

/** A token for each device, as fast as the server makes them. */
async function giveTokens(
  { world }: Call,
  { client, home }: Fleet,
  { stdin }: ChildProcess,
  count: number,
): Promise<void> {
  let left = count
  const give = async (): Promise<void> => {
    while (left > 0 && !world.interrupted.aborted && stdin?.writable) {
      left -= 1
      const asked = { params: { fleet: home.fleet }, body: {} }
      const { token } = await client.call(createEnrolmentToken, asked)
      if (stdin.writable) stdin.write(`${token}\n`)
    }
  }
  await Promise.all(Array.from({ length: askedAtOnce }, give))
}

interface Line {
  readonly devices: number
  readonly connected: number
  readonly phases: Readonly<Record<string, number>>
  readonly counts: Readonly<Record<string, number>>
}

/** A line for each change of what the devices do. */
async function tell({ output }: Call, { stdout }: ChildProcess): Promise<void> {
  if (!stdout) return
  let told = ''
  for await (const text of createInterface({ input: stdout })) {
    if (text === told) continue
    told = text
    const line: Line = JSON.parse(text)
    output.line(line, toText(line))
  }
}

function toText({ devices, connected, phases, counts }: Line): string {
  const say = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ')
  return [`${devices} devices, ${connected} connected`, say(phases), say(counts)]
    .filter(part => part !== '')
    .join('; ')
}
