import { parseArgs } from 'node:util'
import { type ConfinementPart, confinementParts } from '@steadfleet/domain'
import { isRequirement } from './apps/index.ts'
import { wrongUsage } from './error.ts'
import { fetchFlags, parseFetchOptions } from './fetch-options.ts'
import type { FetchOptions } from './parts.ts'
import { deltaCommand } from './store/delta-process.ts'

export const usage = `steadfleet-agent: keeps one device on what its fleet orders

  steadfleet-agent join TOKEN --state DIR [--name NAME] [--model MODEL] [--json]
  steadfleet-agent run --state DIR [--mirror ORIGIN] [--peer ORIGIN] [--serve-objects HOST:PORT]
                       [--bandwidth BYTES] [--store-limit BYTES] [--keep-rejected DAYS]
                       [--group NAME] [--require PART]… [--json]
  steadfleet-agent import FILE --state DIR [--json]
  steadfleet-agent down --state DIR [--json]
  steadfleet-agent device …            speak with the agent of this device: device --help

  join   make this device's key and join the fleet that the token is for
  run    stay: take orders, install, start, watch and report
  import take what a file of steadfleet bundle export brings, without a network: the agent
         that runs verifies it, installs it, and goes on by it
  down   end every app that runs on, while no agent does; the next run starts them again

  --mirror ORIGIN             a cache that has what the server has; may be given again
  --peer ORIGIN               another device that gives its objects; may be given again
  --serve-objects HOST:PORT   give this device's objects to its peers: off unless asked for
  --bandwidth BYTES           fetch so much a second at most: 500k, 2M
  --store-limit BYTES         keep what is needed no more while the store is smaller: 2G; no more than
                              this whatever the fleet says
  --keep-rejected DAYS        keep the data of releases that were gone back from: 7; no longer than
                              this whatever the fleet says
  --group NAME                whose members use this device: they see how it is, and answer when it
                              asks; steadfleet where there is such a group
  --require PART              start no app where this device lacks it: uid, memory, processes, cpu,
                              devices, firewall or landlock; may be given again
`

export type Command =
  | { readonly does: 'help' }
  | {
      readonly does: 'join'
      readonly token: string
      readonly state: string
      readonly name: string | undefined
      readonly model: string | undefined
      readonly json: boolean
    }
  | {
      readonly does: 'run'
      readonly state: string
      readonly json: boolean
      readonly fetch: FetchOptions
      readonly rejectedDays: number | undefined
      readonly group: string | undefined
      readonly require: readonly ConfinementPart[]
    }
  | {
      readonly does: 'import'
      readonly file: string
      readonly state: string
      readonly json: boolean
    }
  | { readonly does: 'down'; readonly state: string; readonly json: boolean }
  | { readonly does: typeof deltaCommand; readonly state: string }

const options = {
  state: { type: 'string' },
  name: { type: 'string' },
  model: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  'keep-rejected': { type: 'string' },
  group: { type: 'string' },
  require: { type: 'string', multiple: true },
  ...fetchFlags,
} as const

/** Reads a command line, or says what of it cannot be understood. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  const [does, token, ...rest] = positionals
  if (values.help || does === undefined || does === 'help') return { does: 'help' }
  const { state } = values
  if (state === undefined) throw wrongUsage('--state DIR is missing')
  if (rest.length > 0) throw wrongUsage(`${rest.join(' ')} is too much`)
  const make = (token === undefined ? alone : withWord).get(does)
  const command = make?.({ ...values, state }, token ?? '')
  if (command) return command
  if (does === 'join') throw wrongUsage('join needs a token')
  if (does === 'import') throw wrongUsage('import needs a file')
  throw wrongUsage(`${[does, token].join(' ').trim()} is no command`)
}

type Values = ReturnType<typeof parse>['values'] & { readonly state: string }
type Maker = (values: Values, word: string) => Command

/** Commands of one word, and those that take another. */
const alone = new Map<string, Maker>([
  [
    'run',
    ({ state, json, group, ...values }) => {
      const rejectedDays = daysOf(values['keep-rejected'])
      const require = (values.require ?? []).map(requirementOf)
      const fetch = parseFetchOptions(values)
      return { does: 'run', state, json, fetch, rejectedDays, group, require }
    },
  ],
  ['down', ({ state, json }) => ({ does: 'down', state, json })],
  [deltaCommand, ({ state }) => ({ does: deltaCommand, state })],
])
const withWord = new Map<string, Maker>([
  [
    'join',
    ({ state, name, model, json }, token) => ({ does: 'join', token, state, name, model, json }),
  ],
  ['import', ({ state, json }, file) => ({ does: 'import', file, state, json })],
])

function requirementOf(word: string): ConfinementPart {
  if (isRequirement(word)) return word
  throw wrongUsage(`--require ${word} is none of ${confinementParts.join(', ')}`)
}

function daysOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,4}$/.test(value)) return Number(value)
  throw wrongUsage(`--keep-rejected ${value} is no number of days, such as 7`)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (cause) {
    throw wrongUsage(cause instanceof Error ? cause.message : String(cause), cause)
  }
}
