import { oneOf } from '@steadfleet/domain'
import { Type } from 'typebox'
import { row } from './interface.ts'

const read = (path: string, at?: string) => ({ path, access: 'read', ...(at && { at }) }) as const
const never = { granted: 'never automatically', tested: 'here' } as const
const owner = { granted: 'by the owner', tested: 'here' } as const

/** NETLINK_NETFILTER, NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC of linux/netlink.h; NETLINK_ROUTE is 0. */
const netlink = [12, 15, 16]

/** Interfaces to the device itself. */
export const systemInterfaces = {
  agent: row({
    title: 'Device agent',
    opens: 'being the agent of the device: it runs outside every sandbox, and starts all others',
    risk: 'high',
    danger: 'has the device',
    ...never,
    members: {},
    test: 'packages/agent/src/self/self-update.test.ts',
    effect: () => ({}),
  }),
  'hardware-observe': row({
    title: 'Hardware facts',
    opens: 'what the device is made of, to be read: sysfs and what udev knows',
    risk: 'medium',
    danger: 'serial numbers name the device; temperatures and loads tell what it does',
    ...owner,
    members: {},
    effect: () => ({
      files: [
        ...['block', 'bus', 'class', 'dev', 'devices'].map(name => read(`/sys/${name}`)),
        read('/run/udev/data'),
      ],
    }),
  }),
  'system-observe': row({
    title: 'System facts',
    opens: 'which system the device runs, and what each of its services uses, to be read',
    risk: 'low',
    danger: 'knows which known flaws the system has',
    ...owner,
    members: {},
    effect: () => ({
      files: [read('/etc/os-release', '/run/host/os-release'), read('/sys/fs/cgroup')],
    }),
  }),
  'process-observe': row({
    title: 'Processes',
    opens: 'all processes of the device with their command lines, to be read, under /run/host/proc',
    risk: 'medium',
    danger: 'command lines may hold secrets; knows what runs, and when',
    ...owner,
    members: {},
    effect: () => ({ files: [read('/proc', '/run/host/proc')] }),
  }),
  'network-observe': row({
    title: 'Network facts',
    opens:
      'counters, routes, neighbours and connections of the device, to be read, under /run/host/net',
    risk: 'medium',
    danger: 'knows whom the device talks to',
    ...owner,
    members: {},
    effect: () => ({ files: [read('/proc/1/net', '/run/host/net')] }),
  }),
  'network-control': row({
    title: 'Network setup',
    opens:
      'links, addresses and routes of the device; the app is in the device’s own network, unfiltered',
    risk: 'high',
    danger: 'leads all traffic elsewhere, cuts the device off, listens to what passes',
    ...never,
    members: {},
    effect: () => ({
      hostNetwork: true,
      families: ['inet', 'inet6', 'netlink'],
      socketTypes: ['raw'],
      protocols: netlink,
      capabilities: ['net_admin', 'net_raw'],
      devices: [{ path: '/dev/net/tun' }, { path: '/dev/rfkill' }],
    }),
  }),
  'firewall-control': row({
    title: 'Firewall setup',
    opens: 'the firewall of the device; the app is in the device’s own network, unfiltered',
    risk: 'high',
    danger: 'takes every other package’s firewall away',
    ...never,
    members: {},
    effect: () => ({
      hostNetwork: true,
      families: ['inet', 'inet6', 'netlink'],
      socketTypes: ['raw'],
      protocols: netlink,
      capabilities: ['net_admin'],
    }),
  }),
  shutdown: row({
    title: 'Shutdown and restart',
    opens:
      'asking the agent to restart the device or to turn it off, by a file in /run/steadfleet/shutdown',
    risk: 'medium',
    danger: 'keeps the device from doing anything else',
    ...owner,
    members: {},
    effect: () => ({ asks: 'shutdown' }),
  }),
  scheduler: row({
    title: 'Real-time scheduling',
    opens:
      'running before all others, for as much of each second as it names (20 % if it names nothing)',
    risk: 'medium',
    danger:
      'makes others late; up to its share, and on a kernel without real-time groups up to 95 %',
    ...owner,
    members: { 'share-percent': Type.Optional(Type.Integer({ minimum: 1, maximum: 80 })) },
    effect: request => ({
      capabilities: ['sys_nice'],
      realTimePercent: request['share-percent'] ?? 20,
    }),
  }),
  hugepages: row({
    title: 'Huge pages',
    opens: 'memory in huge pages, out of what the device has set aside',
    risk: 'low',
    danger: 'uses up what was set aside for others',
    ...owner,
    members: {},
    effect: () => ({ hugePages: true, files: [{ path: '/dev/hugepages', access: 'write' }] }),
  }),
  'home-files': row({
    title: 'Files of people',
    opens:
      'the folders in /home, to be read or also written, as far as their permissions let strangers',
    risk: 'high',
    danger: 'copies or changes what people keep on the device',
    ...owner,
    members: { access: Type.Optional(oneOf('read', 'write')) },
    effect: ({ access = 'read' }) => ({ files: [{ path: '/home', access }] }),
  }),
  'removable-media': row({
    title: 'Sticks and cards',
    opens:
      'what is mounted in /media, /run/media and /mnt: to be read as it is when the app starts, or to be written, what comes later too',
    risk: 'medium',
    danger: 'copies or changes what is on a stick that somebody plugs in',
    ...owner,
    members: { access: Type.Optional(oneOf('read', 'write')) },
    effect: ({ access = 'read' }) => ({
      files: ['/media', '/run/media', '/mnt'].map(path => ({ path, access })),
    }),
  }),
} as const
