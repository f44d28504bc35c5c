import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Manifestation } from './lives.ts'
import type { Patience } from './patience.ts'
import type { Told, Way } from './play.ts'

/** What a lane is to cut, as JSON: `lane.ts` reads it. */
export interface PlannedPart {
  readonly journeys: readonly string[]
  readonly ways: readonly Way[]
  /** Who comes back. */
  readonly how: Manifestation
  /** The built agent that is recorded, where it is not the one that is shipped. */
  readonly file?: string | undefined
  /** Only cuts whose name this pattern is in. */
  readonly only?: string | undefined
  /** By journey and way, places in the order in which cuts are tried. */
  readonly places: Readonly<Record<string, readonly number[]>>
  readonly patience: Patience
}

/** A cut that was done, and of which part of the plan it is. */
export interface ToldOfPart extends Told {
  readonly part: number
}

/** Mounts that nobody else holds on to, a /run and a network in which nobody else is. */
const ownPlace = [
  ...['--mount', '--propagation', 'private', '--net'],
  ...['sh', '-c', 'mount -t tmpfs run /run && ip link set lo up && exec "$0" "$@"'],
]

/**
 * One laboratory, in which the parts are cut one after the other. Fulfilled with the lane's exit code;
 * a signal to this process ends the lane after its cut.
 */
export async function runLane(
  parts: readonly PlannedPart[],
  tell: (result: ToldOfPart) => void,
): Promise<number> {
  const lane = fileURLToPath(new URL('lane.ts', import.meta.url))
  const command = [process.execPath, lane, JSON.stringify(parts)]
  const child = spawn('unshare', [...ownPlace, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  const ended = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) tell(JSON.parse(line))
  const [code] = await ended
  return code ?? 1
}
