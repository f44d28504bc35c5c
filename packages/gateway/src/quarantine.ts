import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Why a device is cut off, and since when. */
export interface Quarantined {
  readonly mac: string
  readonly since: string
  readonly why: string
}

/**
 * The devices that are cut off: a file each, named by its MAC address, in the folder `quarantine` of the
 * gateway’s own. Whoever may write there cuts off and releases; the gateway looks every second.
 */
export async function quarantined(state: string): Promise<ReadonlyMap<string, Quarantined>> {
  const folder = join(state, 'quarantine')
  const names = await readdir(folder).catch(() => [])
  const macs = names.flatMap(name => /^([0-9a-f]{2}(-[0-9a-f]{2}){5})\.json$/.exec(name)?.[1] ?? [])
  const all = await Promise.all(
    macs.map(async word => {
      const mac = word.replaceAll('-', ':')
      const text = await readFile(join(folder, `${word}.json`), 'utf8').catch(() => '')
      return [mac, { mac, ...saidIn(text) }] as const
    }),
  )
  return new Map(all)
}

/** Whatever a file holds, that it is there counts. */
function saidIn(text: string): Pick<Quarantined, 'since' | 'why'> {
  try {
    const { since, why } = JSON.parse(text)
    return { since: `${since}`.slice(0, 40), why: `${why}`.slice(0, 200) }
  } catch {
    return { since: '', why: 'by hand' }
  }
}

/** Cuts a device off, for good. It is written before it is done. */
export async function quarantine(state: string, { mac, since, why }: Quarantined): Promise<void> {
  const folder = join(state, 'quarantine')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(pathOf(state, mac), `${JSON.stringify({ since, why })}\n`)
}

export async function release(state: string, mac: string): Promise<void> {
  await rm(pathOf(state, mac), { force: true })
}

function pathOf(state: string, mac: string): string {
  return join(state, 'quarantine', `${mac.replaceAll(':', '-')}.json`)
}
