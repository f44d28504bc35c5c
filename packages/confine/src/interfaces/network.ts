import { dnsMembers, lanMembers, listenMembers, networkMembers } from '../network/members.ts'
import type { Effect } from './effect.ts'
import { row } from './interface.ts'

/** Through which doors, and that they stay shut to all else, is the firewall's to say. */
const effect = (): Effect => ({ network: true, families: ['inet', 'inet6'] })

/** Interfaces to other machines. */
export const networkInterfaces = {
  network: row({
    title: 'Network',
    opens:
      'connections to the hosts and ports that the package declares, or to anywhere if it says so',
    risk: 'medium',
    danger: 'sends what the app knows to the hosts that it declares',
    granted: 'by default',
    members: networkMembers,
    bare: 'list its endpoints ({ host: api.example.com, port: 443 }), or write endpoints: anywhere',
    tested: 'here',
    effect,
  }),
  'network-listen': row({
    title: 'Network services',
    opens: 'connections from others to the ports that the package declares',
    risk: 'medium',
    danger: 'a flaw in the app can be reached by all who reach the port',
    granted: 'by default',
    members: listenMembers,
    bare: 'list its ports ({ port: 8080, from: lan })',
    tested: 'here',
    effect,
  }),
  'network-lan': row({
    title: 'Local network',
    opens: 'hosts of the networks that the device is in, and finding them by mDNS or SSDP',
    risk: 'medium',
    danger: 'looks for weak neighbours: printers, cameras, routers',
    granted: 'by the owner',
    members: lanMembers,
    least: 1,
    tested: 'here',
    effect,
  }),
  dns: row({
    title: 'Name lookup',
    opens: 'the addresses of the names that the package declares, without a connection to them',
    risk: 'low',
    danger: 'tells whoever answers for a name that it was asked for',
    granted: 'by default',
    members: dnsMembers,
    tested: 'here',
    effect,
  }),
} as const
