import { parseArgs } from 'node:util'
import { AgentError } from './error.ts'

export const usage = `steadfleet-agent: keeps one device on what its fleet orders

  steadfleet-agent join TOKEN --state DIR [--name NAME] [--model MODEL] [--json]
  steadfleet-agent run --state DIR [--json]
  steadfleet-agent down --state DIR [--json]

  join   make this device's key and join the fleet that the token is for
  run    stay: take orders, install, start, watch and report
  down   end every app that runs on, while no agent does; the next run starts them again
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
  | { readonly does: 'run' | 'down'; readonly state: string; readonly json: boolean }

const options = {
  state: { type: 'string' },
  name: { type: 'string' },
  model: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** Reads a command line, or says what of it cannot be understood. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  const [does, token, ...rest] = positionals
  if (values.help || does === undefined || does === 'help') return { does: 'help' }
  const { state, name, model, json } = values
  if (state === undefined) throw wrong('--state DIR is missing')
  if (rest.length > 0) throw wrong(`${rest.join(' ')} is too much`)
  if ((does === 'run' || does === 'down') && token === undefined) return { does, state, json }
  if (does !== 'join') throw wrong(`${[does, token].join(' ')} is no command`)
  if (token === undefined) throw wrong('join needs a token')
  return { does, token, state, name, model, json }
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
