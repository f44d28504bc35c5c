import { existsSync, readdirSync, readFileSync } from 'node:fs'
import {
  gateway,
  gateway6,
  type Place,
  placeNamed,
  toInnerTable,
  toRemoval,
} from '@steadfleet/confine/firewall'
import { isMissing } from '../apps/files.ts'
import { runTool, type Tools } from './tools.ts'

/** Where named network namespaces are kept. ip-netns(8) */
const folder = '/run/netns'

export function namespacePath({ link }: Place): string {
  return `${folder}/${link}`
}

/** Whether a package's namespace and both ends of its link are there. */
export function isLinked(place: Place): boolean {
  return existsSync(namespacePath(place)) && linksHere().has(place.link)
}

/** Links of packages that are here, by name. */
export function linksHere(): Set<string> {
  const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n')
  const names = lines.map(line => line.slice(0, Math.max(0, line.indexOf(':'))).trim())
  return new Set(names.filter(name => placeNamed(name) !== undefined))
}

/** Names of the namespaces of packages on this machine, whose agents' they are. */
export function namespacesHere(): string[] {
  try {
    return readdirSync(folder).filter(name => placeNamed(name) !== undefined)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Whether this device speaks IPv6 at all. */
export function hasIpv6(): boolean {
  const path = '/proc/sys/net/ipv6/conf/all/disable_ipv6'
  return existsSync(path) && readFileSync(path, 'utf8').trim() === '0'
}

/** Makes a package's namespace, and the link between it and the device; what half of it is there goes first. */
export async function makeLink(tools: Tools, place: Place): Promise<void> {
  await makeOuterEnd(tools, place)
  await makeInnerEnd(tools, place)
}

/** The first half: the namespace, the link, and the device's end of it. The table that stands is left as it is. */
export async function makeOuterEnd(tools: Tools, place: Place): Promise<void> {
  await removeEnds(tools, place)
  await runTool(tools.ip, ['-batch', '-'], toOuterLink(place, hasIpv6()))
}

/** The second half: what is in the namespace. */
export async function makeInnerEnd({ nsenter }: Tools, place: Place): Promise<void> {
  const enter = [`--net=${namespacePath(place)}`, '--', '/bin/sh', '-c', toInnerScript(place)]
  await runTool(nsenter, enter)
}

/** Takes a package's namespace, link and table away. What still runs in it has no network any more. */
export async function removeLink(tools: Tools, place: Place): Promise<void> {
  await removeEnds(tools, place)
  await runTool(tools.nft, ['-f', '-'], toRemoval(place.link))
}

async function removeEnds({ ip }: Tools, place: Place): Promise<void> {
  const { link } = place
  await removeWhile(() => linksHere().has(link), ip, ['link', 'delete', link])
  await removeWhile(() => existsSync(namespacePath(place)), ip, ['netns', 'delete', link])
}

/** Another agent of this machine may take away the same leftover just now: what is gone is gone. */
async function removeWhile(
  isThere: () => boolean,
  program: string,
  args: readonly string[],
): Promise<void> {
  if (!isThere()) return
  try {
    await runTool(program, args)
  } catch (error) {
    if (isThere()) throw error
  }
}

/** Tables of packages in this network, each with what it was made of. */
export async function tablesHere({ nft }: Tools): Promise<Map<string, string>> {
  const said = await runTool(nft, ['-j', 'list', 'chains', 'inet'])
  const { nftables } = JSON.parse(said) as { nftables: { chain?: Chain }[] }
  const chains = nftables.flatMap(({ chain }) => (chain ? [chain] : []))
  const ours = chains.filter(({ table }) => placeNamed(table) !== undefined)
  const names = [...new Set(ours.map(({ table }) => table))]
  return new Map(
    names.map(name => {
      const mark = ours.find(one => one.table === name && one.name.startsWith(markPrefix))
      return [name, mark?.name.slice(markPrefix.length) ?? ''] as const
    }),
  )
}

interface Chain {
  readonly table: string
  readonly name: string
}

const markPrefix = 'made_'

/** Writes into a table what it was made of, so that the next agent knows. */
export function toMark({ link }: Place, made: string): string {
  return `add chain inet ${link} ${markPrefix}${made}\n`
}

function toOuterLink({ link, ipv4, ipv6 }: Place, isWithIpv6: boolean): string {
  return [
    `netns add ${link}`,
    `link add ${link} type veth peer name eth0 netns ${link}`,
    `address add ${gateway}/32 dev ${link}`,
    ...(isWithIpv6 ? [`address add ${gateway6}/64 dev ${link} nodad`] : []),
    `link set ${link} up`,
    `route add ${ipv4}/32 dev ${link} src ${gateway}`,
    ...(isWithIpv6 ? [`route add ${ipv6}/128 dev ${link}`] : []),
    '',
  ].join('\n')
}

/** What is done within the namespace. */
function toInnerScript(place: Place): string {
  const isWithIpv6 = hasIpv6()
  const { ipv4, ipv6 } = place
  const links = [
    'link set lo up',
    `address add ${ipv4}/32 dev eth0`,
    ...(isWithIpv6 ? [`address add ${ipv6}/128 dev eth0 nodad`] : []),
    'link set eth0 up',
    `route add ${gateway}/32 dev eth0`,
    `route add default via ${gateway}`,
    ...(isWithIpv6 ? [`route add default via ${gateway6} dev eth0`] : []),
  ]
  // The table waits for the kernel, not for the link: both are made at once.
  return `set -e
nft -f - <<end &
${toInnerTable(place)}
end
table=$!
ip -batch - <<end
${links.join('\n')}
end
echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet
# Each port of its own namespace is its own, the low ones too.
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
wait $table`
}

/** From the device's own loopback to a package: a packet that leaves by a link from there. */
export function localnetSwitch({ link }: Place): string {
  return `/proc/sys/net/ipv4/conf/${link}/route_localnet`
}
