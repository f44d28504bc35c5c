import { existsSync } from 'node:fs'
import { appendFile, chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { noteKeyOf, signerFromSeed, toNoteKeyText, toPkcs8Pem } from '@steadfleet/authority'
import { parseNoteKey } from '@steadfleet/trust'
import { CliError } from '../error.ts'
import { programs } from '../process/checkout.ts'
import type { World } from '../world.ts'

/** Files of a witness's folder, which is its owner's alone; `state` is the process's. */
const files = { key: 'key.pem', name: 'name', logs: 'logs', state: 'state' } as const

/** Makes a witness's key and folder, and gives the key that log policies name it by. */
export async function makeWitness(
  directory: string,
  name: string,
  random: World['random'],
): Promise<string> {
  if (existsSync(join(directory, files.key))) {
    const message = `cannot make a witness in ${directory}: ${files.key} is there`
    throw new CliError('cli/exists', message, { directory })
  }
  const seed = random(32)
  const key = toNoteKeyText(noteKeyOf(name, 'cosignature', signerFromSeed(seed)))
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await chmod(directory, 0o700)
  await writeFile(join(directory, files.name), `${name}\n`)
  await writeFile(join(directory, files.logs), '')
  await writeFile(join(directory, files.key), toPkcs8Pem(seed), { mode: 0o600, flag: 'wx' })
  return key
}

/** Has the witness cosign a log; to say it twice changes nothing. */
export async function addLog(directory: string, key: string): Promise<void> {
  if (parseNoteKey(key).type !== 'ed25519') {
    throw new CliError('cli/usage', `cannot witness ${key}: it is no key of a log`)
  }
  const path = join(directory, files.logs)
  const known = (await readWitnessFile(directory, files.logs)).split('\n')
  if (!known.includes(key)) await appendFile(path, `${key}\n`)
}

/** The command line of a witness's process. */
export async function witnessCommand(directory: string, listen: string): Promise<string[]> {
  const name = (await readWitnessFile(directory, files.name)).trim()
  const at = (file: string): string => join(directory, file)
  return [
    process.execPath,
    programs.witness,
    ...['--state', at(files.state), '--key', at(files.key), '--log', at(files.logs)],
    ...['--name', name, '--listen', listen],
  ]
}

async function readWitnessFile(directory: string, file: string): Promise<string> {
  const path = join(directory, file)
  if (existsSync(path)) return readFile(path, 'utf8')
  const message = `cannot find a witness in ${directory}: it has no ${file}`
  const hint = `run 'steadfleet witness make ${directory} --name NAME' first`
  throw new CliError('cli/not-found', message, { directory, hint })
}
