import { parseArgs } from 'node:util'
import { AgentError } from './error.ts'
import { fetchFlags, parseFetchOptions } from './fetch-options.ts'
import type { FetchOptions } from './parts.ts'

export const usage = `steadfleet-agent: keeps one device on what its fleet orders

  steadfleet-agent join TOKEN --state DIR [--name NAME] [--model MODEL] [--json]
  steadfleet-agent run --state DIR [--mirror ORIGIN] [--peer ORIGIN] [--serve-objects HOST:PORT]
                       [--bandwidth BYTES] [--store-limit BYTES] [--keep-rejected DAYS]
                       [--group NAME] [--json]
  steadfleet-agent down --state DIR [--json]
  steadfleet-agent device …            speak with the agent of this device: device --help

  join   make this device's key and join the fleet that the token is for
  run    stay: take orders, install, start, watch and report
  down   end every app that runs on, while no agent does; the next run starts them again

  --mirror ORIGIN             a cache that has what the server has; may be given again
  --peer ORIGIN               another device that gives its objects; may be given again
  --serve-objects HOST:PORT   give this device's objects to its peers: off unless asked for
  --bandwidth BYTES           fetch so much a second at most: 500k, 2M
  --store-limit BYTES         keep what is needed no more while the store is smaller: 2G
  --keep-rejected DAYS        keep the data of releases that were gone back from: 7
  --group NAME                whose members use this device: they see how it is, and answer when it
                              asks; steadfleet where there is such a group
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
    }
  | { readonly does: 'down'; readonly state: string; readonly json: boolean }

const options = {
  state: { type: 'string' },
  name: { type: 'string' },
  model: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  'keep-rejected': { type: 'string' },
  group: { type: 'string' },
  ...fetchFlags,
} as const

/** Reads a command line, or says what of it cannot be understood. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  const [does, token, ...rest] = positionals
  if (values.help || does === undefined || does === 'help') return { does: 'help' }
  const { state, name, model, json } = values
  if (state === undefined) throw wrong('--state DIR is missing')
  if (rest.length > 0) throw wrong(`${rest.join(' ')} is too much`)
  if (does === 'run' && token === undefined) {
    const rejectedDays = daysOf(values['keep-rejected'])
    const { group } = values
    return { does, state, json, fetch: parseFetchOptions(values), rejectedDays, group }
  }
  if (does === 'down' && token === undefined) return { does, state, json }
  if (does !== 'join') throw wrong(`${[does, token].join(' ')} is no command`)
  if (token === undefined) throw wrong('join needs a token')
  return { does, token, state, name, model, json }
}

function daysOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,4}$/.test(value)) return Number(value)
  throw wrong(`--keep-rejected ${value} is no number of days, such as 7`)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (cause) {
    throw wrong(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function wrong(fact: string, cause?: unknown): AgentError {
  return new AgentError('agent/usage', `cannot understand the command: ${fact}`, {}, { cause })
}
