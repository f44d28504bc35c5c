import { object, oneOf, PackageName } from '@steadfleet/domain'
import { Type } from 'typebox'
import { row } from './interface.ts'

const owner = { granted: 'by the owner', tested: 'here' } as const
const name = Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$', description: 'small letters' })
const access = Type.Optional(oneOf('read', 'write'))
const few = { minItems: 1, maxItems: 20 }

/** Names that a daemon may be called by, whole: no patterns. D-Bus specification, "Bus names". */
const busName = Type.String({
  pattern: '^[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z_][A-Za-z0-9_-]*)+$',
  maxLength: 255,
  description: 'a well-known name, whole, as org.bluez',
})
const busNames = Type.Optional(Type.Array(busName, { ...few, uniqueItems: true }))

/** Interfaces to other programs of the device. */
export const sharingInterfaces = {
  dbus: row({
    title: 'System bus',
    opens:
      'services of the system bus that it names, and names to take there; where dbus-daemon is the bus, by nss-systemd, which gives the app’s uid a name',
    risk: 'high',
    danger:
      'whatever a service does for a user without rights; polkit and the service judge each call',
    ...owner,
    members: { talks: busNames, owns: busNames },
    least: 1,
    test: 'packages/agent/src/apps/opened/bus-proxy.test.ts',
    effect: ({ talks = [], owns = [] }) => ({
      bus: { talks, owns },
      environment: { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/run/steadfleet/bus' },
    }),
  }),
  content: row({
    title: 'Shared folders',
    opens: 'folders that packages which name each other share, to be read or also written',
    risk: 'low',
    danger:
      'hands on what it knows; reads what others give it, and in a folder to be written changes it',
    ...owner,
    members: {
      offers: Type.Optional(
        Type.Array(object({ name, with: Type.Array(PackageName, few), access }), few),
      ),
      takes: Type.Optional(Type.Array(object({ from: PackageName, name, access }), few)),
    },
    least: 1,
    effect: ({ offers = [], takes = [] }) => ({
      exchange: {
        offers: offers.map(one => ({ access: 'read', ...one, kind: 'content' })),
        takes: takes.map(one => ({ access: 'read', ...one, kind: 'content' })),
      },
    }),
  }),
  service: row({
    title: 'Services of packages',
    opens:
      'sockets by which packages call each other: its own for others, those of others that it names',
    risk: 'low',
    danger: 'a flaw in what answers can be reached by all who call',
    ...owner,
    members: {
      provides: Type.Optional(Type.Array(name, { ...few, uniqueItems: true })),
      calls: Type.Optional(Type.Array(object({ from: PackageName, name }), few)),
    },
    least: 1,
    effect: ({ provides = [], calls = [] }) => ({
      exchange: {
        offers: provides.map(one => ({ kind: 'service', name: one, access: 'read' })),
        takes: calls.map(one => ({ ...one, kind: 'service', access: 'read' })),
      },
    }),
  }),
} as const
