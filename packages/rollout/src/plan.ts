import { digestOf, toHexDigest, toUtf8 } from '@steadfleet/base'
import type { DeviceId, Move, Phase } from '@steadfleet/domain'

/** Of one phase: who may be in it. Absent: every device. */
export type Members = ReadonlySet<DeviceId> | undefined

/**
 * One waiting move a device, phase by phase, and within a phase in the order given. A phase opens to so many of its
 * members, those counted who are in an earlier phase; devices that no phase takes belong to the last one.
 */
export function planMoves(
  phases: readonly Phase[],
  devices: readonly DeviceId[],
  members: readonly Members[] = [],
): Move[] {
  const placed = new Map<DeviceId, number>()
  for (const [i, phase] of phases.entries()) {
    const those = members[i]
    const base = those ? devices.filter(device => those.has(device)) : devices
    const free = base.filter(device => !placed.has(device))
    const isLastOfAll = i === phases.length - 1
    const size = isLastOfAll ? free.length : endOf(phase, base.length) - (base.length - free.length)
    for (const device of free.slice(0, Math.max(0, size))) placed.set(device, i)
  }
  const rest = devices.filter(device => !placed.has(device))
  for (const device of rest) placed.set(device, phases.length - 1)
  return [...placed]
    .sort(([, one], [, other]) => one - other)
    .map(([device, phase]) => ({ device, phase, state: 'waiting' }))
}

/** The move of a device that joined after the rollout was planned: with the last phase. */
export function lateMove(phases: readonly Phase[], device: DeviceId): Move {
  return { device, phase: phases.length - 1, state: 'waiting' }
}

/** How many devices have been opened to once this phase has; a percentage rounds up. */
function endOf({ count, percent }: Phase, total: number): number {
  if (count !== undefined) return count
  return Math.ceil((total * (percent ?? 100)) / 100)
}

/** The part of a circle by which each rollout begins further on: no two soon begin at the same place. */
const goldenPart = 0.618_033_988_749_895

/**
 * Devices in the order of one rollout. Each has a place of its own on a circle, by its id, and each rollout begins at
 * another place of it: neighbours stay neighbours, and nobody is always among the first. Who is to be, is named by
 * a phase.
 */
export function inTurns(devices: readonly DeviceId[], rollout: number): DeviceId[] {
  const start = (rollout * goldenPart) % 1
  const turns = devices.map(device => [device, (placeOf(device) - start + 1) % 1] as const)
  return turns.sort(([, one], [, other]) => one - other).map(([device]) => device)
}

/** From 0 to below 1. */
function placeOf(device: DeviceId): number {
  return Number.parseInt(toHexDigest(digestOf(toUtf8(device))).slice(0, 12), 16) / 2 ** 48
}
