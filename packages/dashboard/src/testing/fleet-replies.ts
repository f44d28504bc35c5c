import { isInGroup } from '../search.ts'
import type { Asked } from './asked.ts'
import type { Canned } from './canned.ts'

/** What a fleet of canned devices does when it is changed. */
export function follow({ fleets }: Canned, { params, body }: Asked): unknown {
  const fleet = fleets.find(({ name }) => name === params.fleet)
  fleet?.packages.push({ package: nameIn(params), channel: String(body.channel) })
  return { rollouts: [] }
}

export function unfollow({ fleets }: Canned, { params }: Asked): unknown {
  const fleet = fleets.find(({ name }) => name === params.fleet)
  if (fleet) fleet.packages = fleet.packages.filter(each => each.package !== nameIn(params))
  return null
}

export function tryRelease({ devices }: Canned, { params }: Asked): unknown {
  const device = devices.find(({ id }) => id === params.device)
  if (device) device.orderedCounter += 1
  return device && { counter: device.orderedCounter }
}

export function putGroup({ devices, groups }: Canned, { params, body }: Asked): unknown {
  const conditions = body.conditions as Canned['groups'][number]['conditions']
  const found = devices.filter(device => isInGroup(device as never, { conditions }))
  const group = { name: params.group ?? '', conditions, devices: found.length }
  groups.push(group)
  return group
}

export function removeGroup({ groups }: Canned, { params }: Asked): unknown {
  const kept = groups.filter(({ name }) => name !== params.group)
  groups.splice(0, groups.length, ...kept)
  return null
}

function nameIn({ publisher, name }: Asked['params']): string {
  return `${publisher}/${name}`
}
