/** Ports above 1023 that no `fetch` connects to, in browsers and in Node; WHATWG Fetch §2.9 */
const blockedPorts = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
  6679, 6697, 10080,
])

/** Whether a server on this port could be reached by no client of ours, dashboard included. */
export function isBlockedPort(port: number): boolean {
  return blockedPorts.has(port)
}
