/** What no package may do more of, however much it was granted: a flood needs more than this. */
export const firewallLimits = {
  /** New connections, and flows of UDP, that a package opens in a second, and in a burst. */
  connections: { perSecond: 50, burst: 200 },
  /** Connections and flows of a package that are open at once. */
  open: 1024,
  /** Packets of anything but TCP, whose senders heed their receivers. */
  packets: { perSecond: 5000, burst: 10_000 },
  /** Packets of questions about names. */
  questions: { perSecond: 100, burst: 200 },
  /** Packets of questions to the groups by which services are found, each group for itself. */
  finding: { perSecond: 20, burst: 50 },
  /** Refusals that are told to the package; what is beyond is dropped in silence. */
  refusals: { perSecond: 20, burst: 40 },
  /** Addresses and ports of denied attempts that are counted each for itself, within the window. */
  deniedEach: 256,
  deniedWindowSeconds: 60,
  /** Addresses of names in one set. */
  addressesEach: 4096,
} as const
