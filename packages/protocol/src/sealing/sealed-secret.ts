import { openSealed, sealTo } from './hpke.ts'

/** What a secret is for. It opens nowhere else, under no other name, and as no other version. */
export interface SecretPlace {
  readonly device: string
  readonly package: string
  readonly setting: string
  /** Rises with each secret of a setting: milliseconds since 1970 where it was sealed. */
  readonly version: number
}

/** A sealed secret as the value of a setting: `sealed1.VERSION.BASE64URL`. */
const sealedPattern = /^sealed1\.(\d{1,15})\.([A-Za-z0-9_-]{60,3000})$/

/** A value of a setting for people: of a sealed secret only that it is one. */
export function toSettingText(value: string | number | boolean): string {
  return sealedPattern.test(String(value))
    ? `(sealed ${versionOfSealed(String(value))})`
    : `${value}`
}

/** The longest secret, in bytes of UTF-8: a setting holds 4,096 characters. */
export const longestSecret = 2048

/** The version that a sealed secret says it is; only opening it proves that. */
export function versionOfSealed(sealed: string): number {
  return Number(sealedPattern.exec(sealed)?.[1] ?? 0)
}

/** Seals a secret to one device's sealing key; `ephemeral` are 32 random bytes, used once. */
export async function sealSecret(
  place: SecretPlace,
  sealingKey: Uint8Array,
  ephemeral: Uint8Array,
  secret: string,
): Promise<string> {
  const plaintext = new TextEncoder().encode(secret)
  const sealed = await sealTo(sealingKey, ephemeral, bindingOf(place), plaintext)
  const text = sealed.toBase64({ alphabet: 'base64url', omitPadding: true })
  return `sealed1.${place.version}.${text}`
}

/** The secret, or undefined where it was not sealed for this key and place, or is no sealed secret. */
export async function openSecret(
  place: Omit<SecretPlace, 'version'>,
  sealingKey: Uint8Array,
  sealed: string,
): Promise<string | undefined> {
  const [, version, text] = sealedPattern.exec(sealed) ?? []
  if (version === undefined || text === undefined) return undefined
  const binding = bindingOf({ ...place, version: Number(version) })
  // Text of any other length is no base64.
  if (text.length % 4 === 1) return undefined
  const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' })
  const plaintext = await openSealed(sealingKey, binding, bytes)
  return plaintext && new TextDecoder().decode(plaintext)
}

/** One spelling: none of the parts holds a line break. */
function bindingOf({ device, package: name, setting, version }: SecretPlace): {
  readonly info: Uint8Array
  readonly aad: Uint8Array
} {
  const utf8 = new TextEncoder()
  return {
    info: utf8.encode('steadfleet secret 1'),
    aad: utf8.encode([device, name, setting, version].join('\n')),
  }
}
