import { Networks } from '../network/index.ts'
import type { AppsOptions } from './apps.ts'
import { readRecords } from './run-record.ts'
import type { Floor } from './sandboxes.ts'
import { blockSize, firstUid, heldBlocks, leaseTable } from './uid-lease.ts'

/**
 * Opens the networks of packages, each numbered by its package's uid, so that agents on one machine do not
 * meet. Without uids, as an ordinary user, there are none.
 */
export async function openNetworks(
  { uids }: Floor,
  { stateDir, warn }: AppsOptions,
): Promise<Pick<Floor, 'networks'>> {
  if (uids === undefined) return {}
  const numberOf = async (name: Parameters<typeof uids.of>[0]) => (await uids.of(name)) - firstUid
  const running = readRecords(stateDir).flatMap(({ spec, namespace }) =>
    namespace === undefined ? [] : [spec.package],
  )
  const kept = new Set(await Promise.all(running.map(numberOf)))
  const isHeld = (number: number) => {
    const block = Math.floor(number / blockSize)
    // Asked when the network has been seen: another agent leases its uids before it makes one.
    return block === uids.block ? kept.has(number) : heldBlocks(leaseTable).has(block)
  }
  const spare = (uids.block + 1) * blockSize - 1
  return {
    networks: await Networks.open({ stateDir, numberOf, isHeld, spare, warn: warn ?? ignore }),
  }
}

function ignore(): void {
  // Nobody asked to be told.
}
