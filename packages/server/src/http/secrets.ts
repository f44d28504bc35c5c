import { digestOf, toBase64Url, toHex, toUtf8 } from '@steadfleet/base'
import type { World } from '../world.ts'

/** A secret that is handed out once: here only its digest is kept, so a stolen database signs nobody in. */
export interface Secret {
  readonly text: string
  readonly hash: string
}

export function makeSecret(world: World): Secret {
  const text = toBase64Url(world.random(32))
  return { text, hash: hashOf(text) }
}

/** A name for a row that is told to people: nobody signs in with it. */
export function makeId(world: World, kind: 'per' | 'ses' | 'mac' | 'acc'): string {
  return `${kind}_${toHex(world.random(10))}`
}

/** What is looked up: who times the look-up learns about digests, never about secrets. */
export function hashOf(secret: string): string {
  return digestOf(toUtf8(secret))
}
