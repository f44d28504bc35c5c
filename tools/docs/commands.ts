import type { CommandSpec } from '../../packages/cli/src/command.ts'
import { commands } from '../../packages/cli/src/commands/index.ts'
import { exits } from '../../packages/cli/src/error.ts'
import { page, table } from './page.ts'

/** Every command with what it takes, its options and its examples, as `--help` says them. */
export function makeCommands(): string {
  return page(
    'The command line',
    'the table of commands in packages/cli/src/commands',
    'In the checkout it is `npx steadfleet …`. Every command takes `--dir DIR` (the folder of the\nfleet; or `STEADFLEET_DIR`) and `--json`.',
    '## Exit codes',
    table(
      ['code', 'means'],
      Object.entries(exits).map(([meaning, code]) => [code, meaning]),
    ),
    ...commands.flatMap(describe),
  )
}

function describe({ name, takes = [], summary, options = [], examples }: CommandSpec): string[] {
  const line = ['steadfleet', name, ...takes.map(argument => argument.name)].join(' ')
  const rows = [
    ...takes.map(argument => [`\`${argument.name}\``, argument.what]),
    ...options.map(({ flags, what, otherwise }) => [
      `\`${flags}\``,
      otherwise === undefined ? what : `${what} (default: ${otherwise})`,
    ]),
  ]
  return [
    `## \`${line}\``,
    summary,
    ...(rows.length === 0 ? [] : [table(['takes', 'which is'], rows)]),
    ['```sh', ...examples.map(example => `steadfleet ${example}`), '```'].join('\n'),
  ]
}
