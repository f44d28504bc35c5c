import type { PackageName } from '@steadfleet/domain'
import { type Client, developerLog } from '@steadfleet/protocol'
import type { AppLine, Apps } from '../apps/index.ts'
import { asCoded } from '../error.ts'
import type { World } from '../world.ts'

/** Lines are sent together this often; beyond `mostLines` the oldest are dropped, never the app slowed. */
const batchMs = 250
const mostLines = 500
/** After hearing that nobody watches, so long nothing is sent. */
const quietMs = 5000

export interface LiveOutput {
  readonly client: Client
  readonly apps: Apps
  readonly world: World
  readonly stop: AbortSignal
  /** A development device sends without being asked; any other only while somebody watches. */
  readonly isWanted: () => boolean
  /** Takes secrets of a package out of its lines. */
  readonly scrub: (name: PackageName, lines: readonly string[]) => Promise<readonly string[]>
}

/** Follows what apps print and sends it to whoever is trying them. Losing lines here is allowed. */
export async function sendOutputForever(output: LiveOutput): Promise<never> {
  const { world, stop, isWanted } = output
  for (;;) {
    await world.sleep(isWanted() ? batchMs : quietMs, stop)
    if (isWanted()) await sendWhileWanted(output)
  }
}

async function sendWhileWanted(output: LiveOutput): Promise<void> {
  const { apps, world, stop, isWanted } = output
  let lines: AppLine[] = []
  const end = apps.follow(line => {
    lines.push(line)
    if (lines.length > mostLines) lines = lines.slice(-mostLines)
  })
  try {
    while (isWanted()) {
      await world.sleep(batchMs, stop)
      const batch = lines
      lines = []
      if (batch.length > 0 && !(await isWatched(output, batch))) {
        await world.sleep(quietMs, stop)
      }
    }
  } finally {
    end()
  }
}

async function isWatched(
  { client, world, stop, scrub }: LiveOutput,
  batch: AppLine[],
): Promise<boolean> {
  try {
    let watched = false
    for (const [first, ...rest] of byApp(batch)) {
      if (first === undefined) continue
      const printed = [first, ...rest].map(({ text }) => text)
      const clean = await scrub(first.package, printed)
      const lines = clean.slice(-mostLines).map(line => line.slice(0, 4096))
      const body = { package: first.package, app: first.app, lines }
      watched = (await client.call(developerLog, { body, signal: stop })).watched || watched
    }
    return watched
  } catch (error) {
    stop.throwIfAborted()
    const { message, code } = asCoded(error)
    world.log({ level: 'info', message, code })
    return false
  }
}

function byApp(lines: readonly AppLine[]): AppLine[][] {
  return [...Map.groupBy(lines, line => `${line.package} ${line.app}`).values()]
}
