import { row } from './interface.ts'

/** Interfaces to the device itself. */
export const systemInterfaces = {
  agent: row({
    title: 'Device agent',
    opens: 'being the agent of the device: it runs outside every sandbox, and starts all others',
    risk: 'high',
    danger: 'has the device',
    granted: 'never automatically',
    members: {},
    revoked: 'by restart',
    tested: 'here',
    test: 'packages/agent/src/self/self-update.test.ts',
    effect: () => ({}),
  }),
} as const
