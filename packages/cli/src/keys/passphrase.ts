import { closeSync, readFileSync } from 'node:fs'
import { CliError } from '../error.ts'
import type { World } from '../world.ts'

/** Asks for the passphrase of key files, once; every later call has the same answer. */
export type Passphrase = () => Promise<string>

/** What a passphrase comes from: a descriptor, the environment, or whoever sits at the terminal. */
export interface PassphraseSource {
  readonly world: Pick<World, 'environment' | 'ask'>
  /** What `--passphrase-fd` was given. */
  readonly descriptor: string | undefined
}

/** Shorter ones are found by trying, whatever each try costs. */
const leastLength = 8

/** The passphrase that existing keys were encrypted with. */
export function openPassphrase(source: PassphraseSource): Passphrase {
  return once(async () => given(source) ?? (await asked(source, 'Passphrase of the keys: ')))
}

/** For whoever opens no encrypted key: to be asked is a refusal. */
export const noPassphrase = openPassphrase({ world: { environment: {} }, descriptor: undefined })

/** A passphrase for new keys: at a terminal it is asked twice, since nobody sees what they type. */
export async function newPassphrase(source: PassphraseSource): Promise<string> {
  return refuseShort(given(source) ?? (await askedTwice(source)))
}

async function askedTwice(source: PassphraseSource): Promise<string> {
  const first = refuseShort(await asked(source, 'New passphrase for the keys: '))
  if ((await asked(source, 'Once more: ')) === first) return first
  throw new CliError('cli/passphrase', 'cannot encrypt keys: the two passphrases differ')
}

function given({ world, descriptor }: PassphraseSource): string | undefined {
  if (descriptor !== undefined) return fromDescriptor(descriptor)
  return world.environment.STEADFLEET_PASSPHRASE || undefined
}

async function asked({ world }: PassphraseSource, prompt: string): Promise<string> {
  const answer = await world.ask?.(prompt)
  if (answer !== undefined) return answer
  const message = 'cannot ask for the passphrase of the keys: there is no terminal'
  throw new CliError('cli/passphrase', message)
}

/** The first line of what the descriptor holds; it is closed, so that no child inherits it. */
function fromDescriptor(typed: string): string {
  if (!/^(0|[1-9]\d{0,4})$/.test(typed)) {
    const message = `cannot read ${JSON.stringify(typed)} as a descriptor: not a number`
    throw new CliError('cli/usage', message)
  }
  const descriptor = Number(typed)
  try {
    const [line = ''] = readFileSync(descriptor, 'utf8').split(/\r?\n/)
    if (descriptor > 2) closeSync(descriptor)
    return line
  } catch (cause) {
    const message = `cannot read a passphrase from descriptor ${descriptor}`
    throw new CliError('cli/passphrase', message, { descriptor }, { cause })
  }
}

function refuseShort(passphrase: string): string {
  if ([...passphrase].length >= leastLength) return passphrase
  const message = `cannot encrypt keys: the passphrase is shorter than ${leastLength} characters`
  throw new CliError('cli/passphrase', message)
}

function once<T>(act: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= act()
    return answer
  }
}
