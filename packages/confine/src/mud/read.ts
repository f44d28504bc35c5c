import { type Json, parseStrictJson } from '@steadfleet/base'
import { parserOf, SchemaError } from '@steadfleet/domain'
import { ConfineError } from '../error.ts'
import { mend, withoutExtensions } from './mend.ts'
import type { MudFile, MudNote, MudReading } from './mud-file.ts'
import { rulesOf } from './rules.ts'
import { type MudDocument, mudSchema } from './schema.ts'

/** No file that was ever found is a tenth as long. */
const limits = { bytes: 4 * 1024 * 1024, depth: 32, rules: 8192 }

const parseDocument = parserOf('MUD file', mudSchema)

/**
 * Reads a MUD file as RFC 8520 has it. Errors: `confine/mud` with all its faults, `json/…` where it is not
 * even JSON.
 */
export function parseMud(bytes: Uint8Array): MudReading {
  const { value, notes } = withoutExtensions(parseStrictJson(bytes, limits))
  const { file, faults, notes: odd } = toMudFile(documentIn(value))
  if (faults.length > 0) throw malformed(faults)
  return { file, notes: [...notes, ...odd] }
}

/**
 * Reads a MUD file as it is found in the wild. What the drafts of the RFC said is read as what it became;
 * an entry that makes no sense is left out, so that less is allowed, never more. All of it is noted.
 */
export function readMud(bytes: Uint8Array): MudReading {
  const mended = mend(parseStrictJson(bytes, limits))
  const { value, notes } = withoutExtensions(mended.value)
  const sound = withoutOddEntries(value)
  const { file, faults, notes: odd } = toMudFile(documentIn(sound.value))
  const left = faults.map(({ path, message }) => ({ path, message: `left out: it ${message}` }))
  return { file, notes: [...mended.notes, ...notes, ...sound.notes, ...left, ...odd] }
}

function documentIn(value: Json): MudDocument {
  try {
    return parseDocument(value)
  } catch (error) {
    if (error instanceof SchemaError) throw malformed(error.faults)
    throw error
  }
}

function malformed(faults: readonly MudNote[]): ConfineError {
  const lines = faults.map(({ path, message }) => `${path || '/'}: ${message}`)
  const more = lines.length > 5 ? `; and ${lines.length - 5} more` : ''
  const message = `cannot read MUD file: ${lines.slice(0, 5).join('; ')}${more}`
  return new ConfineError('confine/mud', message, { faults: lines })
}

const entryAt = /^(\/ietf-access-control-list:acls\/acl\/\d+\/aces\/ace)\/(\d+)(?:\/|$)/

/** Without the entries of which the schema says that they make no sense; whatever else it says stands. */
function withoutOddEntries(value: Json): { readonly value: Json; readonly notes: MudNote[] } {
  const faults = faultsIn(value)
  const odd = new Map<string, MudNote>()
  for (const { path, message } of faults) {
    const [, list, i] = entryAt.exec(path) ?? []
    if (list === undefined) continue
    const at = `${list}/${i}`
    odd.set(at, { path, message: `its entry is left out: ${message}` })
  }
  return { value: withoutPlaces(value, '', new Set(odd.keys())), notes: [...odd.values()] }
}

function faultsIn(value: Json): readonly MudNote[] {
  try {
    parseDocument(value)
    return []
  } catch (error) {
    if (error instanceof SchemaError) return error.faults
    throw error
  }
}

function withoutPlaces(value: Json, path: string, places: ReadonlySet<string>): Json {
  if (Array.isArray(value)) {
    return value.flatMap((item, i) =>
      places.has(`${path}/${i}`) ? [] : [withoutPlaces(item, `${path}/${i}`, places)],
    )
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      withoutPlaces(item, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, places),
    ]),
  )
}

const usualCacheHours = 48
const aboutMembers = [
  'systeminfo',
  'mfg-name',
  'model-name',
  'firmware-rev',
  'software-rev',
  'documentation',
] as const

function toMudFile(document: MudDocument) {
  const { 'ietf-mud:mud': mud } = document
  const from = rulesOf(document, 'from-device-policy')
  const to = rulesOf(document, 'to-device-policy')
  const lastUpdate = new Date(mud['last-update'])
  const rules = from.rules.length + to.rules.length
  if (rules > limits.rules) {
    const message = `has ${rules} rules; no gateway loads more than ${limits.rules}`
    throw malformed([{ path: '', message }])
  }
  const faults = [...from.faults, ...to.faults, ...listFaults(document)]
  if (Number.isNaN(lastUpdate.getTime()))
    faults.push({ path: '/ietf-mud:mud/last-update', message: 'is no day of the calendar' })
  const about = aboutMembers.flatMap(name => {
    const said = mud[name]
    return said === undefined ? [] : [[name, said] as const]
  })
  const transparency = transparencyOf(mud)
  const file: MudFile = {
    url: mud['mud-url'],
    lastUpdate,
    cacheHours: mud['cache-validity'] ?? usualCacheHours,
    isSupported: mud['is-supported'],
    ...(mud['mud-signature'] !== undefined && { signature: mud['mud-signature'] }),
    about: Object.fromEntries(about),
    ...(transparency && { transparency }),
    fromDevice: from.rules,
    toDevice: to.rules,
  }
  return { file, faults, notes: [...from.notes, ...to.notes] }
}

function transparencyOf(mud: MudDocument['ietf-mud:mud']): MudFile['transparency'] {
  const said = mud['ietf-mud-transparency:transparency']
  if (said === undefined) return undefined
  const sboms = (said.sboms ?? []).map(({ 'version-info': version, 'sbom-url': url }) => ({
    version,
    ...(url !== undefined && { url }),
  }))
  return { sboms, flaws: said['vuln-url'] ?? [] }
}

/** Names of lists are keys, and stand once. RFC 8519 §4.1 */
function listFaults({ 'ietf-access-control-list:acls': acls }: MudDocument): MudNote[] {
  const seen = new Set<string>()
  return (acls?.acl ?? []).flatMap(({ name }, i) => {
    const isSecond = seen.has(name)
    seen.add(name)
    const path = `/ietf-access-control-list:acls/acl/${i}/name`
    return isSecond ? [{ path, message: 'stands twice' }] : []
  })
}
