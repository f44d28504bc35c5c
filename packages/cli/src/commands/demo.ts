import type { CommandSpec } from '../command.ts'

/** `steadfleet demo` */
export const demo: CommandSpec = {
  name: 'demo',
  summary: 'Tell the whole story on this machine: a server, three devices, three revisions.',
  options: [{ flags: '--once', what: 'check every point, end, and exit 0 or 1' }],
  examples: ['demo', 'demo --once --json'],
  run: async () => undefined,
}
