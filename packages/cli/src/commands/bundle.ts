import { resolve } from 'node:path'
import { toTimestamp } from '@steadfleet/domain'
import { type DeviceView, tryRelease } from '@steadfleet/protocol'
import { type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { findDevice, wholeNumber } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { gatherOffline, type OfflineDraft } from '../offline/gather-offline.ts'
import { writeOfflineFile } from '../offline/write-file.ts'
import { openProgress } from '../progress.ts'

/** `steadfleet bundle export` */
export const bundleExport: CommandSpec = {
  name: 'bundle export',
  takes: [{ name: '[release]', what: 'PUBLISHER/NAME@REVISION that each order must be for' }],
  summary:
    'Write a file for a stick: all that devices need to verify and install their newest orders without a network.',
  options: [
    {
      flags: '--device <device>',
      what: 'whose order goes in, by id or name; may be given again',
      repeats: true,
    },
    { flags: '--out <file>', what: 'where the file goes' },
    { flags: '--order', what: 'order the release on these devices first, outside any rollout' },
    {
      flags: '--held <size>',
      what: 'of the log, that the device holds by now; else what it reported last',
    },
  ],
  examples: [
    'bundle export --device greenhouse-1 --out /media/stick/greenhouse.sfo',
    'bundle export acme/greenhouse@3 --order --device greenhouse-1 --device greenhouse-2 --out stick.sfo --json',
  ],
  async run(call) {
    const out = resolve(call.world.directory, required(call, 'out'))
    const fleet = await openFleet(call)
    const devices: DeviceView[] = []
    for (const named of listOption(call, 'device')) devices.push(await findDevice(fleet, named))
    if (devices.length === 0) throw missing('device')
    if (call.options.order === true) await orderFirst(fleet, devices, call.arguments[0])
    const progress = openProgress(call.world.err, call.output.json, () => +call.world.now())
    const draft = await progress.task(
      `gather what ${devices.map(({ name }) => name).join(', ')} would ask for`,
      () => gatherOffline(fleet.client, devices, heldSizes(call, devices), call.world.now()),
      ({ documents }) => `${documents.size} documents`,
    )
    refuseOtherRelease(call.arguments[0], draft)
    const { bytes } = await progress.task(
      `write ${out}`,
      say => writeOfflineFile(fleet.client, draft, out, say),
      written => `${written.bytes} bytes`,
    )
    tell(call, draft, { out, bytes })
  },
}

/** As devices without a network take part in no rollout: they report to nobody. */
async function orderFirst(
  { client }: Fleet,
  devices: readonly DeviceView[],
  named: string | undefined,
): Promise<void> {
  const [, publisher, name, revision] =
    /^([a-z][a-z0-9-]{0,39})\/([a-z][a-z0-9-]{0,39})@([1-9]\d{0,14})$/.exec(named ?? '') ?? []
  if (publisher === undefined || name === undefined) {
    throw new CliError('cli/usage', 'cannot order: name the release as PUBLISHER/NAME@REVISION')
  }
  for (const { id: device } of devices) {
    const params = { device, publisher, name }
    await client.call(tryRelease, { params, body: { revision: Number(revision) } })
  }
}

function required(call: Call, name: string): string {
  const typed = textOption(call, name)
  if (typed !== undefined) return typed
  throw missing(name)
}

function missing(name: string): CliError {
  return new CliError('cli/usage', `cannot export: --${name} is missing`)
}

/** Sizes of the log from which the file must lead on: what was typed, or what the devices said last. */
function heldSizes(call: Call, devices: readonly DeviceView[]): number[] {
  const typed = textOption(call, 'held')
  if (typed !== undefined) return [wholeNumber(typed, 'a size of the log')]
  const told = devices.map(({ attributes }) => Number(attributes['log-size'] ?? 0))
  return told.filter(size => Number.isSafeInteger(size) && size > 0)
}

/** An order is for all that a device runs; whoever names a release wants to be sure that it is among it. */
function refuseOtherRelease(named: string | undefined, { orders }: OfflineDraft): void {
  if (named === undefined) return
  for (const { device, order } of orders) {
    const listed = order.releases.map(one => `${one.package}@${one.revision}`)
    if (listed.includes(named)) continue
    const message = `cannot export ${named} for ${device.name}: its order is for ${listed.join(', ') || 'nothing'}`
    const hint = '--order orders it first; steadfleet channel move starts a rollout'
    throw new CliError('cli/not-found', message, { device: device.id, listed, hint })
  }
}

function tell(
  call: Call,
  { orders, documents, trees }: OfflineDraft,
  written: { readonly out: string; readonly bytes: number },
): void {
  const devices = orders.map(({ device, order }) => ({
    device: device.id,
    name: device.name,
    counter: order.counter,
    expires: toTimestamp(order.expires),
    releases: order.releases.map(one => `${one.package}@${one.revision}`),
  }))
  const answer = { ...written, documents: documents.size, trees: trees.length, devices }
  call.output.answer(answer, () =>
    [
      `${written.out}: ${written.bytes} bytes`,
      ...devices.map(one => `for ${one.name}, until ${one.expires}: ${one.releases.join(', ')}`),
      'on the device: steadfleet-agent import FILE --state DIR',
    ].join('\n'),
  )
}
