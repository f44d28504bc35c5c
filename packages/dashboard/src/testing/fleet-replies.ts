import type { Asked } from './asked.ts'
import type { Canned } from './canned.ts'
import { ago, digest } from './moments.ts'

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

export function putGroup(canned: Canned, { params, body }: Asked): unknown {
  const query = String(body.query)
  const group = { name: params.group ?? '', query, devices: findIn(canned, { query }).length }
  canned.groups.push(group)
  return group
}

export function removeGroup({ groups }: Canned, { params }: Asked): unknown {
  const kept = groups.filter(({ name }) => name !== params.group)
  groups.splice(0, groups.length, ...kept)
  return null
}

/** As much of a query as the pages write by themselves: a label, a group, a flag. */
function findIn({ devices, groups }: Canned, { query = '', search = '' }: Asked['query']) {
  const named = /"([\w-]+)" in groups/.exec(query)?.[1]
  const asked = groups.find(({ name }) => name === named)?.query ?? query
  const site = /"(\w+)"/.exec(asked)?.[1]
  return devices
    .filter(device => site === undefined || device.labels.site === site)
    .filter(device => !asked.includes('silent') || device.silentSince !== null)
    .filter(device => JSON.stringify(device).includes(search))
}

export function listDevices(canned: Canned, { query }: Asked): unknown {
  return findIn(canned, query)
}

export function previewDevices(canned: Canned, { query }: Asked): unknown {
  const found = findIn(canned, query)
  const first = found.map(({ id, name }) => ({ id, name }))
  return { devices: found.length, set: digest('5e7'), first }
}

export function actOnDevices(canned: Canned, { body }: Asked): unknown {
  const found = findIn(canned, { query: String(body.query ?? '') })
  const { act } = body.act as { act: string }
  for (const device of found) if (act === 'hold') device.heldSince = ago(0)
  return { devices: found.length }
}

export function actOnDevice({ devices }: Canned, { params, body }: Asked): unknown {
  const device = devices.find(({ id }) => id === params.device)
  const { act, labels } = body.act as { act: string; labels: Record<string, string> }
  if (device && act === 'label') device.labels = { ...device.labels, ...labels }
  return device
}

function nameIn({ publisher, name }: Asked['params']): string {
  return `${publisher}/${name}`
}
