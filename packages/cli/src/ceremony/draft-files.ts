import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import {
  type Draft,
  type DraftSignature,
  parseDraft,
  parseSignature,
  toDraftText,
  toSignatureText,
} from '@steadfleet/authority'
import { argument, type Call } from '../command.ts'
import { CliError } from '../error.ts'

/** A draft, where it lies, and the signatures that came back so far. */
export interface DraftFile {
  readonly path: string
  readonly draft: Draft
  readonly signatures: readonly DraftSignature[]
}

/** Writes a draft where none is: one that people have signed is not written over. */
export async function writeDraft(path: string, draft: Draft): Promise<void> {
  await writeNew(path, toDraftText(draft))
}

/**
 * The draft that a call names, with the signature files that it names or, where it names none, those
 * that lie beside the draft under its name.
 */
export async function readDraft(call: Call): Promise<DraftFile> {
  const path = resolve(call.world.directory, argument(call, 0))
  const named = call.arguments.slice(1).map(file => resolve(call.world.directory, file))
  const files = named.length > 0 ? named : await signaturesBeside(path)
  const draft = parseDraft(await readInput(path))
  const signatures = await Promise.all(
    files.map(async file => parseSignature(await readInput(file))),
  )
  return { path, draft, signatures }
}

/** Writes a signature beside its draft, named by its key; to sign again changes nothing. */
export async function writeSignature(path: string, signature: DraftSignature): Promise<string> {
  const file = `${path}.${signature.keyid.slice(0, 12)}.sig`
  await writeFile(file, toSignatureText(signature))
  return file
}

async function signaturesBeside(path: string): Promise<string[]> {
  const names = await readdir(dirname(path))
  const own = names.filter(name => name.startsWith(`${basename(path)}.`) && name.endsWith('.sig'))
  return own.sort().map(name => join(dirname(path), name))
}

async function readInput(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    throw new CliError('cli/not-found', `cannot read ${path}`, { path }, { cause })
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause
    const hint = 'choose another file with --out, or remove this one if nobody needs it'
    throw new CliError('cli/exists', `cannot write ${path}: it is there`, { path, hint }, { cause })
  }
}
