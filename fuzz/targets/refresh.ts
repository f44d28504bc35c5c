import { type Signed, signMetadata } from '@steadfleet/authority'
import {
  type PretendCatalogue,
  pretendCatalogue,
  pretendFetcher,
  pretendStore,
  publish,
} from '@steadfleet/authority/testing'
import { CanonicalError, isJsonObject, type JsonObject, toCanonical } from '@steadfleet/base'
import { refreshCatalogue } from '@steadfleet/trust'
import { toJsonBytes } from '../seeds.ts'
import { type FuzzTarget, holds } from '../target.ts'

const now = new Date('2026-11-21T00:00:00Z')
const path = 'acme/greenhouse/3/amd64'
const catalogue = await looseCatalogue()

/** What a thief of every key could say: documents that are signed, and are wrong all the same. */
export const refreshTarget: FuzzTarget = {
  name: 'trust-refresh',
  format: 'catalogue',
  codes: ['trust/'],
  seeds: () =>
    Object.entries(catalogue.signed).map(([role, signed]) => toJsonBytes({ role, signed })),
  read: async bytes => {
    const file = await signedFile(bytes)
    if (file === undefined) return
    const files = new Map([...catalogue.files, file])
    const options = { store: pretendStore(), fetcher: pretendFetcher(files), now }
    const trusted = await refreshCatalogue({ ...options, firstRoot: catalogue.firstRoot })
    const target = await trusted.lookUp(path)
    holds(target === undefined || target.path === path, 'what is found is what was asked for')
    await trusted.find(path)
  },
}

/** The document that the input holds, signed by its role, under the name it is asked for by. */
async function signedFile(bytes: Uint8Array): Promise<[string, Uint8Array] | undefined> {
  const input = parsed(bytes)
  const { role, signed } = input
  if (typeof role !== 'string' || !isJsonObject(signed)) return undefined
  if (!isRole(role) || !hasCanonicalForm(signed)) return undefined
  const file = await signMetadata(signed as unknown as Signed, catalogue.keys[role])
  if (role === 'timestamp') return ['timestamp.json', file]
  return [`${role === 'root' ? 2 : catalogue.signed[role].version}.${role}.json`, file]
}

function parsed(bytes: Uint8Array): JsonObject {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString())
    return isJsonObject(value) ? value : {}
  } catch (error) {
    // Bytes that are no JSON reach no signer, and their reader has a target of its own.
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

function hasCanonicalForm(value: JsonObject): boolean {
  try {
    return toCanonical(value).length > 0
  } catch (error) {
    if (error instanceof CanonicalError) return false
    throw error
  }
}

function isRole(name: string): name is keyof PretendCatalogue['signed'] {
  return Object.hasOwn(catalogue.signed, name)
}

/** A catalogue in which no file is named by its digest, so that any may be another. TUF §4.4 */
async function looseCatalogue(): Promise<PretendCatalogue> {
  const made = await pretendCatalogue(now)
  await publish(made, path, now)
  const { files, keys, signed } = made
  const root = { ...signed.root, version: 2 }
  const snapshot = { ...signed.snapshot, meta: versionsIn(signed.snapshot.meta) }
  const timestamp = { ...signed.timestamp, meta: versionsIn(signed.timestamp.meta) }
  Object.assign(signed, { root, snapshot, timestamp })
  files.set('2.root.json', await signMetadata(root, keys.root))
  files.set(`${snapshot.version}.snapshot.json`, await signMetadata(signed.snapshot, keys.snapshot))
  files.set('timestamp.json', await signMetadata(signed.timestamp, keys.timestamp))
  return made
}

function versionsIn(meta: Readonly<Record<string, { readonly version: number }>>): object {
  return Object.fromEntries(Object.entries(meta).map(([name, { version }]) => [name, { version }]))
}
