import {
  allowedIn,
  listedServerSettings,
  type ServerSetting,
  variableOf,
} from '../../packages/protocol/src/server-settings.ts'
import { page, table } from './page.ts'

/** Every setting of the server, in each of the ways to say it. */
export function makeConfiguration(): string {
  return page(
    'The configuration of the server',
    'the table in packages/protocol/src/server-settings.ts',
    introduction,
    '## Settings',
    table(
      ['setting', 'variable', 'means', 'allowed', 'otherwise'],
      listedServerSettings.map(toRow),
    ),
  )
}

const introduction = `Each setting may be said in three ways. A flag of \`steadfleet serve\` counts before the environment, and that
before the file; what nobody says is as the last column says. The file is JSON, an object of settings by name. It is
the one that \`--config FILE\` or \`${variableOf('config')}\` names, or else \`configuration.json\` in the data
directory where there is one:

\`\`\`json
{ "listen": ["0.0.0.0:8420"], "origin": ["https://fleet.example"], "log-level": "warn" }
\`\`\`

A wrong value is refused with what is allowed and where it was said; so is a name that is none. \`steadfleet serve
--show-config\` prints each value and its source, with \`--json\` for programs. It never prints a secret, and a secret
is no flag, since the list of processes shows what was typed. A file that holds one must be closed to others (mode 640).`

function toRow(setting: ServerSetting & { readonly name: string }): string[] {
  const { name, what, otherwise, holds } = setting
  const title = holds ? `\`${name}\` (secret)` : `\`${name}\``
  return [
    ...[title, `\`${variableOf(name)}\``, what, allowedIn(setting)],
    otherwise === undefined ? '–' : `\`${otherwise}\``,
  ]
}
