import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { noteKeyOf, signerFromSeed, toNoteKeyText, toPkcs8Pem } from '@steadfleet/authority'
import { type LogChoice, parseNoteKey } from '@steadfleet/trust'
import { CliError } from '../error.ts'

/** A witness: its key, as it prints it when it starts, and where it answers. */
export interface WitnessAt {
  readonly key: string
  readonly url: string
}

/** The log that a new fleet shall follow, or in so many words none. */
export type LogWish =
  | 'none'
  | { readonly witnesses: readonly WitnessAt[]; readonly quorum?: number | undefined }

/** The log of a new fleet: what its owner signs of it, and under which name it is signed. */
export interface FirstLog {
  readonly policy: LogChoice
  readonly origin: string
  readonly witnesses: readonly WitnessAt[]
  readonly seed: Uint8Array
}

/** Reads `KEY@URL`, with the key as a witness prints it: NAME+ID+BASE64. */
export function parseWitness(typed: string): WitnessAt {
  const [, key = '', url = ''] = /^(.+)@(https?:\/\/[^\s@]+)$/.exec(typed) ?? []
  if (key === '') {
    const message = `cannot read ${JSON.stringify(typed)} as a witness: not KEY@URL`
    throw new CliError('cli/usage', message)
  }
  if (parseNoteKey(key).type === 'cosignature') return { key, url }
  throw new CliError('cli/usage', `cannot take ${key} as a witness: it is the key of a log`)
}

/** Half of the witnesses and one more: as many may be away, or lie, as the others can bear. */
export function usualQuorum(witnesses: number): number {
  return witnesses === 0 ? 0 : Math.floor(witnesses / 2) + 1
}

/** Makes the log's key and policy; its name ends in its key's digits, so that no two logs have one name. */
export function makeFirstLog(wish: LogWish, fleet: string, seed: Uint8Array): FirstLog | undefined {
  if (wish === 'none') return undefined
  const { witnesses, quorum = usualQuorum(witnesses.length) } = wish
  if (quorum > witnesses.length) {
    const message = `cannot ask for ${quorum} witnesses: ${witnesses.length} are named`
    throw new CliError('cli/usage', message)
  }
  const signer = signerFromSeed(seed)
  const origin = `${fleet}.log/${signer.keyid.slice(0, 16)}`
  const key = toNoteKeyText(noteKeyOf(origin, 'ed25519', signer))
  const policy = { key, witnesses: witnesses.map(one => one.key), quorum }
  return { policy, origin, witnesses, seed }
}

/**
 * Gives the signer the log's key and the server its name and witnesses; beside the fleet lies the
 * policy, by which the monitor knows the log.
 */
export async function writeFirstLog(directory: string, log: FirstLog): Promise<void> {
  const signer = join(directory, 'server', 'signer')
  await mkdir(signer, { recursive: true, mode: 0o700 })
  await writeFile(join(signer, 'log.pem'), toPkcs8Pem(log.seed), { mode: 0o600, flag: 'wx' })
  await writeFile(join(signer, 'log.origin'), `${log.origin}\n`)
  await writeLogConfiguration(join(directory, 'server'), log)
  await writeLogPolicy(directory, log.policy)
}

/** The log that this machine holds releases and monitors against. */
export async function writeLogPolicy(directory: string, policy: LogChoice): Promise<void> {
  await writeFile(join(directory, 'log-policy.json'), `${JSON.stringify(policy, null, 2)}\n`)
}

/** The server's `log.json`: which log it keeps, and whom it asks to cosign. */
export async function writeLogConfiguration(
  server: string,
  { origin, witnesses }: Pick<FirstLog, 'origin' | 'witnesses'>,
): Promise<void> {
  const text = `${JSON.stringify({ origin, witnesses }, null, 2)}\n`
  await writeFile(join(server, 'log.json'), text)
}
