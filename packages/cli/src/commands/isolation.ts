import {
  type ConfinementPart,
  confinementParts,
  type Isolation,
  parsePackageName,
} from '@steadfleet/domain'
import {
  isolateDevice,
  releaseDevice,
  setIsolationRule,
  setRequiredParts,
} from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { findDevice, wholeNumber } from '../fleet/find.ts'
import { openFleet } from '../fleet/open.ts'

const device = { name: '<device>', what: 'its id or its name' }
const onePackage = {
  flags: '--package <name>',
  what: 'this package alone, as acme/greenhouse; without it all of the device',
}

/** `steadfleet device isolate DEVICE` */
const isolate: CommandSpec = {
  name: 'device isolate',
  takes: [device],
  summary:
    'Cut a device, or one of its packages, off from every network; its agent still reaches us.',
  options: [onePackage],
  examples: [
    'device isolate greenhouse-1',
    'device isolate greenhouse-1 --package acme/greenhouse',
  ],
  run: call => act(call, isolateDevice),
}

/** `steadfleet device release DEVICE` */
const release: CommandSpec = {
  name: 'device release',
  takes: [device],
  summary: 'Let a device, or one of its packages, use its networks again.',
  options: [onePackage],
  examples: [
    'device release greenhouse-1',
    'device release greenhouse-1 --package acme/greenhouse',
  ],
  run: call => act(call, releaseDevice),
}

/** `steadfleet device isolation-rule COUNT` */
const rule: CommandSpec = {
  name: 'device isolation-rule',
  takes: [{ name: '<count>', what: 'denied attempts in a minute, or never' }],
  summary: 'Isolate by itself every package that tries so often in a minute what it may not.',
  examples: ['device isolation-rule 1000', 'device isolation-rule never --json'],
  async run(call) {
    const { home, client } = await openFleet(call)
    const typed = argument(call, 0)
    const body =
      typed === 'never' ? {} : { 'denied-per-minute': wholeNumber(typed, 'a count of attempts') }
    const view = await client.call(setIsolationRule, { params: { fleet: home.fleet }, body })
    const from = view.isolateFrom
    call.output.answer({ isolateFrom: from ?? null }, () =>
      from === undefined
        ? 'no package is isolated by itself'
        : `packages are isolated from ${from} denied attempts in a minute on`,
    )
  },
}

/** `steadfleet device require PARTS` */
const required: CommandSpec = {
  name: 'device require',
  takes: [{ name: '<parts>', what: `of ${confinementParts.join(', ')}, with commas; or nothing` }],
  summary: 'Start no app on a device that lacks any of these to confine it with.',
  examples: [
    'device require firewall,memory',
    'device require landlock --json',
    'device require nothing',
  ],
  async run(call) {
    const { home, client } = await openFleet(call)
    const typed = argument(call, 0)
    const parts = typed === 'nothing' ? [] : typed.split(',').map(partOf)
    const body = { require: [...new Set(parts)] }
    const { require } = await client.call(setRequiredParts, { params: { fleet: home.fleet }, body })
    call.output.answer({ require }, () =>
      require.length === 0
        ? 'devices may lack what they lack'
        : `no app starts on a device without ${require.join(', ')}`,
    )
  },
}

function partOf(word: string): ConfinementPart {
  const part = confinementParts.find(one => one === word)
  if (part !== undefined) return part
  const message = `cannot require ${JSON.stringify(word)}: it is none of ${confinementParts.join(', ')}`
  throw new CliError('cli/usage', message)
}

export const isolationCommands = [isolate, release, rule, required]

async function act(call: Call, route: typeof isolateDevice | typeof releaseDevice): Promise<void> {
  const fleet = await openFleet(call)
  const { id, name } = await findDevice(fleet, argument(call, 0))
  const typed = textOption(call, 'package')
  const body = typed === undefined ? {} : { package: parsePackageName(typed) }
  const isolation = await fleet.client.call(route, { params: { device: id }, body })
  call.output.answer(isolation, () => `${name}: ${isolationText(isolation)}`)
}

/** What is isolated, in words. */
export function isolationText({ device: isWhole, packages = [] }: Isolation): string {
  if (isWhole) return 'all packages are isolated'
  return packages.length === 0 ? 'nothing is isolated' : `isolated: ${packages.join(', ')}`
}
