import { readFileSync } from 'node:fs'
import { availableParallelism, release, totalmem } from 'node:os'
import { toPrintable } from '@steadfleet/base'

/** Where a kernel says which board or machine it runs on: by the device tree, or by the firmware. */
const boards = ['/proc/device-tree/model', '/sys/class/dmi/id/product_name']

/** What a fleet asks of the machine in queries, for a report's attributes: nothing that changes while it runs. */
export function describeMachine(places: readonly string[] = boards): Record<string, string> {
  const hardware = places.map(read).find(text => text !== '')
  return {
    'kernel.release': release().slice(0, 200),
    'memory.total-mb': String(Math.floor(totalmem() / 1_048_576)),
    processors: String(availableParallelism()),
    ...(hardware !== undefined && { hardware }),
  }
}

/** The device tree ends its texts with a zero byte. */
function read(path: string): string {
  try {
    return toPrintable(readFileSync(path, 'utf8').replaceAll('\0', '')).trim().slice(0, 200)
  } catch {
    return ''
  }
}
