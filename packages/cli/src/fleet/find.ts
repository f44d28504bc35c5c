import { parseChannelName, parsePackageName } from '@steadfleet/domain'
import { type DeviceView, listDevices } from '@steadfleet/protocol'
import { CliError } from '../error.ts'
import type { Fleet } from './open.ts'

/** The device of that id or, where only one has it, of that name. */
export async function findDevice({ home, client }: Fleet, named: string): Promise<DeviceView> {
  const params = { fleet: home.fleet }
  const text = JSON.stringify(named)
  const query = { query: `id == ${text} || name == ${text}`, limit: 2 }
  const found = await client.call(listDevices, { params, query })
  const [device] = found
  if (device && found.length === 1) return device
  const fact = found.length === 0 ? 'no device has this id or name' : 'several have this name'
  const message = `cannot choose device ${named}: ${fact}`
  const hint = 'steadfleet device list shows ids and names'
  throw new CliError('cli/not-found', message, { named, hint })
}

/** `publisher/name` as the parameters that routes take. */
export function packageParams(named: string): { publisher: string; name: string } {
  const [publisher = '', name = ''] = parsePackageName(named).split('/')
  return { publisher, name }
}

/** `latest/stable` as the parameters that routes take. */
export function channelParams(named: string): { track: string; risk: string } {
  const [track = '', risk = ''] = parseChannelName(named).split('/')
  return { track, risk }
}

/** A whole number that was typed, of 1 or above. */
export function wholeNumber(typed: string, what: string): number {
  if (/^[1-9]\d{0,14}$/.test(typed)) return Number(typed)
  const message = `cannot read ${JSON.stringify(typed)} as ${what}: not a whole number of 1 or above`
  throw new CliError('cli/usage', message)
}
