import { type DeviceAct, type DeviceId, DigestSchema, parserOf } from '@steadfleet/domain'
import {
  actOnDevice,
  actOnDevices,
  type DeviceView,
  listDevices,
  previewDevices,
  type ReplyOf,
} from '@steadfleet/protocol'
import { type Call, type OptionSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { findDevice } from './find.ts'
import { type Fleet, openFleet } from './open.ts'

/** One page of a list, as long as the server lets it be. */
const pageSize = 1000

export interface Which {
  readonly query?: string
  readonly search?: string
}

/** Options that say which devices are meant. */
export const whichOptions: readonly OptionSpec[] = [
  { flags: '--query <query>', what: 'devices that meet it, as docs/formats/queries.md has it' },
  {
    flags: '--search <words>',
    what: 'devices whose name, labels, packages or note hold all words',
  },
]

/** The same, for an act on one device or on many. */
export const actOptions: readonly OptionSpec[] = [
  ...whichOptions,
  { flags: '--preview', what: 'only say which devices it would be, and the name of that set' },
  { flags: '--set <digest>', what: 'the set that the preview named; another one is refused' },
]

export function whichOf(call: Pick<Call, 'options'>): Which {
  const [query, search] = ['query', 'search'].map(name => textOption(call, name))
  return { ...(query !== undefined && { query }), ...(search !== undefined && { search }) }
}

/** All devices of the fleet that are meant, page by page. */
export async function everyDevice(
  { home, client }: Fleet,
  which: Which & { readonly gone?: boolean } = {},
): Promise<DeviceView[]> {
  const all: DeviceView[] = []
  for (;;) {
    const last = all.at(-1)?.id
    const query = { ...which, limit: pageSize, ...(last !== undefined && { after: last }) }
    const page = await client.call(listDevices, { params: { fleet: home.fleet }, query })
    all.push(...page)
    if (page.length < pageSize) return all
  }
}

type Preview = ReplyOf<typeof previewDevices>

/**
 * Does it to the device that is named first or, where options say which devices, to those of a preview. Many
 * are never acted on unseen.
 */
export async function doToDevices(call: Call, act: DeviceAct, device?: string): Promise<void> {
  const fleet = await openFleet(call)
  const which = whichOf(call)
  const isMany = Object.keys(which).length > 0
  if (isMany === (device !== undefined)) {
    throw new CliError(
      'cli/usage',
      'cannot tell which devices: name one, or give --query or --search',
    )
  }
  if (device !== undefined) return doToOne(call, fleet, act, (await findDevice(fleet, device)).id)
  const params = { fleet: fleet.home.fleet }
  if (call.options.preview === true) {
    const preview = await fleet.client.call(previewDevices, { params, query: which })
    call.output.answer(preview, () => toText(preview))
    return
  }
  const body = { ...which, set: setOf(call), act }
  const done = await fleet.client.call(actOnDevices, { params, body })
  call.output.answer(done, () => `${act.act}: ${done.devices} devices`)
}

async function doToOne(call: Call, { client }: Fleet, act: DeviceAct, device: DeviceId) {
  const view = await client.call(actOnDevice, { params: { device }, body: { act } })
  call.output.answer(view, () => `${act.act}: ${view.name}`)
}

const parseSet = parserOf('set', DigestSchema)

function setOf(call: Call) {
  const set = textOption(call, 'set')
  if (set !== undefined) return parseSet(set)
  const hint = 'ask with --preview first, and give the set that it names: --set sha256:…'
  throw new CliError('cli/usage', 'cannot act on devices that nobody has looked at', { hint })
}

function toText({ devices, set, first }: Preview): string {
  const named = first.map(({ id, name }) => `  ${name}  ${id}`)
  const more = devices > first.length ? [`  and ${devices - first.length} more`] : []
  return [`${devices} devices`, ...named, ...more, `--set ${set}`].join('\n')
}
