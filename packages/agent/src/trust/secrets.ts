import { generateKeyPairSync } from 'node:crypto'
import { fromBase64Url, isCoded, toDocument, toHex } from '@steadfleet/base'
import { isSealed, type SettingValues } from '@steadfleet/domain'
import { openSecret, sealingKeyOf, versionOfSealed } from '@steadfleet/protocol'
import { type Floors, refuseRollback } from '@steadfleet/trust'
import { type Copies, copiesOf, readCopies, writeCopies } from '../disk/copies.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError } from '../error.ts'
import { readEnrolment } from './identity.ts'

/** The public half, in hexadecimal, of the key to which secrets are sealed; made where there is none yet. */
export async function openSealingKey(paths: Paths): Promise<string> {
  const { value } = await readCopies(keyCopies(paths), toKey)
  if (value) return toHex(await sealingKeyOf(value))
  const { privateKey } = generateKeyPairSync('x25519')
  const made = fromBase64Url(privateKey.export({ format: 'jwk' }).d ?? '')
  await writeCopies(keyCopies(paths), made)
  return toHex(await sealingKeyOf(made))
}

function keyCopies(paths: Paths): Copies {
  return copiesOf(paths.sealingKey, 3, 0o600)
}

function toKey(key: Uint8Array): Uint8Array {
  if (key.length === 32) return key
  throw new AgentError('agent/secret', 'cannot read the sealing key: not 32 bytes')
}

/** The settings of one package, as they were ordered. */
export interface PackageSettings {
  readonly package: string
  readonly settings: SettingValues
}

/**
 * Refuses secrets that this device can't open for where they stand, or that are older than one that stood there
 * before; gives the versions of the rest, by which what is older is refused from then on.
 */
export async function refuseUnopened(
  paths: Paths,
  floors: Floors,
  place: PackageSettings,
): Promise<Floors> {
  await openSecrets(paths, place)
  const versions = sealedIn(place).map(([name, sealed]) => {
    const floor = `secret/${place.package}/${name}`
    const offered = versionOfSealed(sealed)
    refuseRollback(`${name} of ${place.package}`, floors.get(floor) ?? 0, offered)
    return [floor, offered] as const
  })
  return new Map(versions)
}

/** The settings file of an app, in which secrets are opened: for the app's eyes alone. */
export async function settingsFile(paths: Paths, place: PackageSettings): Promise<Uint8Array> {
  return toDocument({ ...place.settings, ...(await openSecrets(paths, place)) })
}

/** What must not be told of these settings; of what can't be opened there is nothing to tell. */
export async function secretTexts(paths: Paths, place: PackageSettings): Promise<string[]> {
  try {
    return Object.values(await openSecrets(paths, place))
  } catch (error) {
    if (!isCoded(error)) throw error
    return []
  }
}

async function openSecrets(paths: Paths, place: PackageSettings): Promise<Record<string, string>> {
  const sealed = sealedIn(place)
  if (sealed.length === 0) return {}
  const { value: key } = await readCopies(keyCopies(paths), toKey)
  const { device = '' } = (await readEnrolment(paths)) ?? {}
  const opened = await Promise.all(
    sealed.map(async ([setting, text]) => {
      const at = { device, package: place.package, setting }
      return [setting, key && (await openSecret(at, key, text))] as const
    }),
  )
  const shut = opened.find(([, secret]) => secret === undefined)
  if (!shut) return Object.fromEntries(opened) as Record<string, string>
  const message = `cannot open ${shut[0]} of ${place.package}: it was not sealed for this device and place`
  throw new AgentError('agent/secret', message, { package: place.package, setting: shut[0] })
}

function sealedIn({ settings }: PackageSettings): [setting: string, sealed: string][] {
  return Object.entries(settings).flatMap(([name, value]) =>
    isSealed(value) ? [[name, String(value)] as [string, string]] : [],
  )
}
