import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isCoded, isJsonObject, type Json, parseStrictJson } from '@steadfleet/base'
import {
  isServerVariable,
  listedServerSettings,
  type ServerSetting,
  serverSettings,
  variableOf,
} from '@steadfleet/protocol'
import { ServerError } from '../error.ts'

/** The texts that one source says for a setting. */
export interface Said {
  readonly texts: readonly string[]
  /** Where they were said: a flag, a variable, a file, or `default`. */
  readonly source: string
  /** What relative paths are relative to. */
  readonly folder: string
}

/** What one source says, by the name of the setting. */
export type Sayings = ReadonlyMap<string, Said>

/** The words of the server's command line that are no settings. */
export interface Words {
  readonly sayings: Sayings
  /** What counts where nobody says anything else: the command line knows it of the fleet's folder. */
  readonly usual: Sayings
  readonly config: string | undefined
  readonly restore: string | undefined
  readonly move: boolean
  readonly showsConfig: boolean
  readonly json: boolean
}

/** Reads the flags; unknown ones are refused. */
export function readFlags(words: readonly string[], folder: string): Words {
  const text = { type: 'string' } as const
  const many = { type: 'string', multiple: true } as const
  const flags = listedServerSettings.filter(one => !one.holds).map(({ name }) => [name, many])
  const { values } = parsed(words, {
    ...Object.fromEntries(flags),
    ...{ config: text, restore: text, usual: many },
    ...{ 'show-config': { type: 'boolean' }, json: { type: 'boolean' }, move: { type: 'boolean' } },
  })
  const {
    config,
    restore,
    move,
    usual = [],
    'show-config': showsConfig,
    json,
    ...settings
  } = values as Readonly<Record<string, string | boolean | string[] | undefined>>
  const said = Object.entries(settings).map(([name, texts]) => {
    return [name, one(name, { texts: texts as string[], source: `--${name}`, folder })] as const
  })
  return {
    sayings: new Map(said),
    usual: readUsual(usual as string[], folder),
    config: config === undefined ? undefined : resolve(folder, String(config)),
    restore: restore === undefined ? undefined : resolve(folder, String(restore)),
    move: move === true,
    showsConfig: showsConfig === true,
    json: json === true,
  }
}

function parsed(
  args: readonly string[],
  options: NonNullable<Parameters<typeof parseArgs>[0]>['options'],
) {
  try {
    return parseArgs({ args: [...args], options })
  } catch (cause) {
    // The first sentence names the word; the rest advises, of words that the server does not take.
    const [why] = (cause as Error).message.split('. ')
    const message = `cannot serve: ${why?.replace(/^[A-Z]/, first => first.toLowerCase())}`
    throw new ServerError('server/usage', message, {}, { cause })
  }
}

function readUsual(pairs: readonly string[], folder: string): Sayings {
  const said = pairs.map(pair => {
    const [name = '', text = ''] = pair.split(/=(.*)/s)
    return [name, { texts: [text], source: 'steadfleet.json', folder }] as const
  })
  return new Map(said)
}

/** Reads the variables of the server; unknown ones are refused, and an empty one says nothing. */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Sayings {
  const names = new Map(listedServerSettings.map(({ name }) => [variableOf(name), name]))
  const known = new Set([...names.keys(), variableOf('config')])
  const unknown = Object.keys(environment).find(one => isServerVariable(one) && !known.has(one))
  if (unknown !== undefined) throw noSetting(unknown, 'the environment')
  const said = [...names].flatMap(([variable, name]) => {
    const text = environment[variable]
    if (!text) return []
    const texts = isList(name) ? text.split(',').map(each => each.trim()) : [text]
    return [[name, { texts, source: variable, folder }] as const]
  })
  return new Map(said)
}

/** Reads the file: an object of settings by name. One that was named must be there. */
export function readFile(path: string, isNamed: boolean): Sayings {
  if (!isNamed && !existsSync(path)) return new Map()
  const said = Object.entries(readObject(path)).map(([name, value]) => {
    if (!(name in serverSettings)) throw noSetting(name, path)
    const texts = toTexts(value)
    if (!texts) throw wrongly(path, `${name} is neither a text, a number nor a list of these`)
    if (settingOf(name).holds) refuseOpen(path, name)
    return [name, one(name, { texts, source: path, folder: dirname(path) })] as const
  })
  return new Map(said)
}

function readObject(path: string): Record<string, Json> {
  try {
    const json = parseStrictJson(new Uint8Array(readFileSync(path)))
    if (isJsonObject(json)) return json
  } catch (cause) {
    const why = isCoded(cause)
      ? cause.message
      : `it cannot be read (${(cause as NodeJS.ErrnoException).code})`
    throw wrongly(path, why, cause)
  }
  throw wrongly(path, 'it holds no object')
}

function toTexts(value: Json): string[] | undefined {
  const values = Array.isArray(value) ? value : [value]
  const isPlain = values.every(each => typeof each === 'string' || typeof each === 'number')
  return isPlain ? values.map(String) : undefined
}

/** A secret in a file that everyone reads is none. */
function refuseOpen(path: string, name: string): void {
  if ((statSync(path).mode & 0o007) === 0) return
  throw wrongly(path, `it holds ${name}, and others may read it: chmod 640`)
}

function one(name: string, said: Said): Said {
  if (said.texts.length === 1 || isList(name)) return said
  const message = `cannot use ${name} from ${said.source}: it is said ${said.texts.length} times, and counts once`
  throw new ServerError('server/configuration', message, { setting: name })
}

function settingOf(name: string): ServerSetting {
  return serverSettings[name as keyof typeof serverSettings]
}

function isList(name: string): boolean {
  return settingOf(name).isList === true
}

function noSetting(name: string, place: string): ServerError {
  const message = `cannot use ${name} from ${place}: there is no such setting; --show-config names all`
  return new ServerError('server/configuration', message, { setting: name })
}

function wrongly(path: string, why: string, cause?: unknown): ServerError {
  const message = `cannot use the configuration ${path}: ${why}`
  return new ServerError('server/configuration', message, { path }, { cause })
}
