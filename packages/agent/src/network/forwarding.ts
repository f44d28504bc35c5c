import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { guardTable, toGuard, toRemoval } from '@steadfleet/confine/firewall'
import { linksHere } from './links.ts'
import { environment, refusal, type Tools } from './tools.ts'

const families = ['ipv4', 'ipv6'] as const
type Family = (typeof families)[number]

const switches: Readonly<Record<Family, string>> = {
  ipv4: '/proc/sys/net/ipv4/ip_forward',
  ipv6: '/proc/sys/net/ipv6/conf/all/forwarding',
}

/** Whether the device forwards packets of every family that it speaks. */
export function isForwarding(): boolean {
  return families.every(family => !isOff(family))
}

/**
 * Has the device forward packets. Where it did not before, a guard stops all but those of packages, so that
 * nobody else's way through the device is opened by it.
 */
export function openForwarding({ nft }: Tools): void {
  if (isForwarding()) return
  alone(() => {
    const off = families.filter(isOff)
    if (off.length === 0) return
    loadNow(nft, toGuard([...new Set([...guarded(nft), ...off])].sort()))
    if (off.includes('ipv6')) keepHearingRouters()
    for (const family of off) writeFileSync(switches[family], '1')
  })
}

/** Ends what {@link openForwarding} began, once the last package's link is gone. */
export function closeForwarding({ nft }: Tools): void {
  alone(() => {
    if (linksHere().size > 0) return
    const ours = guarded(nft)
    for (const family of ours) writeFileSync(switches[family], '0')
    if (ours.length > 0) loadNow(nft, toRemoval(guardTable))
  })
}

function isOff(family: Family): boolean {
  const path = switches[family]
  return existsSync(path) && readFileSync(path, 'utf8').trim() === '0'
}

/** The families whose forwarding was turned on here. */
function guarded(nft: string): Family[] {
  try {
    const said = execFileSync(nft, ['list', 'table', 'inet', guardTable], {
      env: environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return families.filter(family => said.includes(`meta nfproto ${family} `))
  } catch {
    return [] // There is none: nothing was turned on.
  }
}

/** A device that forwards takes no route from routers' advertisements unless it is told to. ip-sysctl */
function keepHearingRouters(): void {
  const folder = '/proc/sys/net/ipv6/conf'
  for (const name of readdirSync(folder)) {
    const path = `${folder}/${name}/accept_ra`
    if (readFileSync(path, 'utf8').trim() === '1') writeFileSync(path, '2')
  }
}

function loadNow(nft: string, input: string): void {
  try {
    execFileSync(nft, ['-f', '-'], { env: environment, input, stdio: ['pipe', 'ignore', 'pipe'] })
  } catch (error) {
    throw refusal(nft, error instanceof Error ? error.message : String(error), error)
  }
}

/** One agent of the machine at a time: what one turns off another may be turning on. */
function alone(work: () => void): void {
  const path = '/run/steadfleet/forwarding'
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  using lock = new DatabaseSync(path, { timeout: 10_000 })
  lock.exec('begin immediate')
  try {
    work()
  } finally {
    lock.exec('rollback')
  }
}
