import type { DeviceId, Move, Phase } from '@steadfleet/domain'

/**
 * One waiting move a device, in the order given, which is also the order in which phases open to
 * them. A phase's size counts those before it; devices beyond the last phase belong to it.
 */
export function planMoves(phases: readonly Phase[], devices: readonly DeviceId[]): Move[] {
  const ends = phases.map(phase => endOf(phase, devices.length))
  return devices.map((device, i) => {
    const phase = ends.findIndex(end => i < end)
    return { device, phase: phase < 0 ? phases.length - 1 : phase, state: 'waiting' }
  })
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
