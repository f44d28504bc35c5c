import { join } from 'node:path'
import {
  allowedIn,
  listedServerSettings,
  type ServerSetting,
  type ServerSettingName,
  type serverSettings,
  variableOf,
} from '@steadfleet/protocol'
import { ServerError } from '../error.ts'
import { readEnvironment, readFile, readFlags, type Said, type Sayings } from './sources.ts'
import { readers } from './values.ts'

type Table = typeof serverSettings
type One<S extends ServerSetting> = NonNullable<ReturnType<(typeof readers)[S['kind']]>>
type Value<S extends ServerSetting> = S extends { readonly isList: true }
  ? readonly One<S>[]
  : S extends { readonly otherwise: string }
    ? One<S>
    : One<S> | undefined

/** What the server goes by: each setting's value, read and checked. */
export type Settings = { readonly [Name in ServerSettingName]: Value<Table[Name]> }

/** One setting as it counts, in the words of whoever said it. */
export interface SettingRow {
  readonly name: ServerSettingName
  /** Undefined where nobody said anything. */
  readonly texts: readonly string[] | undefined
  readonly source: string
  readonly setting: ServerSetting
}

/** What the server was told: what it shall do, and by which settings. */
export interface Configuration {
  readonly settings: Settings
  readonly rows: readonly SettingRow[]
  /** The second store to make the data directory anew from, instead of serving. */
  readonly restore: string | undefined
  /** Whether to move the database to the one that the settings name, instead of serving. */
  readonly move: boolean
  readonly showsConfig: boolean
  readonly json: boolean
}

export interface Told {
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly folder: string
}

/**
 * Reads flags, environment and file by one table. A flag counts before the environment, that before the
 * file. The file is the one named, or `configuration.json` in the data directory where it is there.
 */
export function readConfiguration({ words, environment, folder }: Told): Configuration {
  const { sayings, usual, config, ...acts } = readFlags(words, folder)
  const said = readEnvironment(environment, folder)
  const named = config ?? environment[variableOf('config')]
  const data = (sayings.get('data') ?? said.get('data'))?.texts[0]
  const path = named ?? (data === undefined ? undefined : join(data, 'configuration.json'))
  const file: Sayings = path === undefined ? new Map() : readFile(path, named !== undefined)
  const sources = [sayings, said, file, usual]
  const read = listedServerSettings.map(setting => {
    const first = sources.map(source => source.get(setting.name)).find(one => one !== undefined)
    return readSetting(setting, first ?? otherwise(setting, folder))
  })
  const settings = Object.fromEntries(read.map(({ row, value }) => [row.name, value]))
  return { settings: settings as unknown as Settings, rows: read.map(({ row }) => row), ...acts }
}

type Named = (typeof listedServerSettings)[number]

function otherwise(setting: Named, folder: string): Said | undefined {
  if (setting.otherwise === undefined) return undefined
  return { texts: [setting.otherwise], source: 'default', folder }
}

function readSetting(setting: Named, said: Said | undefined): { row: SettingRow; value: unknown } {
  const values = (said?.texts ?? []).map(text => readText(setting, text, said as Said))
  const source = said?.source ?? 'default'
  const row = { name: setting.name, texts: said?.texts, source, setting }
  return { row, value: setting.isList ? values : values[0] }
}

function readText(setting: Named, text: string, { source, folder }: Said): unknown {
  const value = readers[setting.kind](text, { setting, folder })
  if (value !== undefined) return value
  // What is wrong may be a secret with a slip in it.
  const told = setting.holds ? '' : ` ${JSON.stringify(text)}`
  const message = `cannot use ${setting.name}${told} from ${source}: allowed is ${allowedIn(setting)}`
  throw new ServerError('server/configuration', message, { setting: setting.name, source })
}
