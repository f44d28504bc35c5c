import { type DeviceAct, parsePackageName } from '@steadfleet/domain'
import { argument, type CommandSpec } from '../command.ts'
import { CliError } from '../error.ts'
import { actOptions, doToDevices } from '../fleet/device-sets.ts'
import { wholeNumber } from '../fleet/find.ts'

const perhapsDevice = { name: '[device]', what: 'its id or its name; absent: --query or --search' }

/** `steadfleet device label LABELS DEVICE` */
export const deviceLabel: CommandSpec = {
  name: 'device label',
  takes: [
    { name: '<labels>', what: 'as site=north,floor=2; site= takes the label away' },
    perhapsDevice,
  ],
  summary: 'Say something of devices, by which queries, groups and phases know them.',
  options: actOptions,
  examples: [
    'device label site=north,floor=2 greenhouse-1',
    `device label site=north --query 'name.startsWith("north-")' --preview`,
    'device label site= greenhouse-1 --json',
  ],
  run: call =>
    doToDevices(call, { act: 'label', labels: toLabels(argument(call, 0)) }, call.arguments[1]),
}

/** `steadfleet device note TEXT DEVICE` */
export const deviceNote: CommandSpec = {
  name: 'device note',
  takes: [
    { name: '<text>', what: 'what is to be known of it; empty takes the note away' },
    perhapsDevice,
  ],
  summary: 'Keep a note about devices; a search finds them by it.',
  options: actOptions,
  examples: [
    'device note "pump replaced in May" greenhouse-1',
    'device note "" greenhouse-1 --json',
  ],
  run: call => doToDevices(call, { act: 'note', note: argument(call, 0) }, call.arguments[1]),
}

/** `steadfleet device hold-back DEVICE` */
export const deviceHold: CommandSpec = {
  name: 'device hold-back',
  takes: [perhapsDevice],
  summary:
    'Let no rollout move devices until somebody says otherwise; what they were ordered goes on.',
  options: actOptions,
  examples: [
    'device hold-back greenhouse-1',
    `device hold-back --query 'labels.site == "north"' --preview`,
    'device hold-back greenhouse-1 --json',
  ],
  run: call => doToDevices(call, { act: 'hold' }, call.arguments[0]),
}

/** `steadfleet device let-go DEVICE` */
export const deviceUnhold: CommandSpec = {
  name: 'device let-go',
  takes: [perhapsDevice],
  summary: 'Let rollouts move devices again that were held; what passed them over comes now.',
  options: actOptions,
  examples: [
    'device let-go greenhouse-1',
    'device let-go --query held --preview',
    'device let-go greenhouse-1 --json',
  ],
  run: call => doToDevices(call, { act: 'unhold' }, call.arguments[0]),
}

/** `steadfleet device pin PACKAGE REVISION DEVICE` */
export const devicePin: CommandSpec = {
  name: 'device pin',
  takes: [
    { name: '<package>', what: 'as PUBLISHER/NAME' },
    { name: '<revision>', what: 'a revision that was published' },
    perhapsDevice,
  ],
  summary: 'Order devices a revision of a package, and keep them at it whatever is rolled out.',
  options: actOptions,
  examples: [
    'device pin acme/greenhouse 2 greenhouse-1',
    'device pin acme/greenhouse 2 greenhouse-1 --json',
  ],
  run: call => {
    const [name, typed] = [argument(call, 0), argument(call, 1)]
    const revision = wholeNumber(typed, 'a revision')
    const act: DeviceAct = { act: 'pin', package: parsePackageName(name), revision }
    return doToDevices(call, act, call.arguments[2])
  },
}

/** `steadfleet device unpin PACKAGE DEVICE` */
export const deviceUnpin: CommandSpec = {
  name: 'device unpin',
  takes: [{ name: '<package>', what: 'as PUBLISHER/NAME' }, perhapsDevice],
  summary: 'Let rollouts of a package move devices again on which it was pinned.',
  options: actOptions,
  examples: [
    'device unpin acme/greenhouse greenhouse-1',
    'device unpin acme/greenhouse greenhouse-1 --json',
  ],
  run: call => {
    const act: DeviceAct = { act: 'unpin', package: parsePackageName(argument(call, 0)) }
    return doToDevices(call, act, call.arguments[1])
  },
}

/** `steadfleet device try-again DEVICE` */
export const deviceRetry: CommandSpec = {
  name: 'device try-again',
  takes: [perhapsDevice],
  summary: 'Let devices try once more what failed on them for good, as soon as it is ordered.',
  options: actOptions,
  examples: [
    'device try-again greenhouse-1',
    `device try-again --query 'labels.site == "north"' --preview`,
    'device try-again greenhouse-1 --json',
  ],
  run: call => doToDevices(call, { act: 'retry' }, call.arguments[0]),
}

/** `steadfleet device decommission DEVICE` */
export const deviceDecommission: CommandSpec = {
  name: 'device decommission',
  takes: [perhapsDevice],
  summary: 'Order devices nothing more and refuse their keys, until they enrol again.',
  options: actOptions,
  examples: [
    'device decommission greenhouse-1',
    `device decommission --query 'unheard > duration("2160h")' --preview`,
    'device decommission greenhouse-1 --json',
  ],
  run: call => doToDevices(call, { act: 'decommission' }, call.arguments[0]),
}

function toLabels(typed: string): Record<string, string | null> {
  const pairs = typed.split(',').map(pair => {
    const at = pair.indexOf('=')
    if (at > 0) return [pair.slice(0, at).trim(), pair.slice(at + 1).trim() || null] as const
    throw new CliError('cli/usage', `cannot read ${JSON.stringify(pair)} as NAME=VALUE`)
  })
  return Object.fromEntries(pairs)
}
