import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isCoded, parseStrictJson } from '@steadfleet/base'
import { parserOf } from '@steadfleet/domain'
import { AuditHead, emptyAudit } from '@steadfleet/protocol'
import { CliError } from '../error.ts'

const parseHead = parserOf('audit head', AuditHead)

/** As far as this folder has verified its server's audit log; a log that is shorter was cut. */
export async function readSeenHead(directory: string): Promise<AuditHead> {
  const path = pathOf(directory)
  if (!existsSync(path)) return emptyAudit
  try {
    return parseHead(parseStrictJson(await readFile(path)))
  } catch (cause) {
    if (!isCoded(cause)) throw cause
    const hint = 'remove it to verify without what was seen before'
    const message = `cannot verify the audit log: ${path} is damaged`
    throw new CliError('cli/damaged', message, { path, hint }, { cause })
  }
}

export async function writeSeenHead(directory: string, head: AuditHead): Promise<void> {
  const path = pathOf(directory)
  await writeFile(`${path}.new`, `${JSON.stringify(head)}\n`)
  await rename(`${path}.new`, path)
}

/** `SEQUENCE:HASH`, as `audit verify` prints it. */
export function parseHeadText(typed: string): AuditHead {
  const [, sequence, hash] = /^([1-9]\d{0,14}):(sha256:[0-9a-f]{64})$/.exec(typed) ?? []
  if (hash === undefined) {
    const message = `cannot read ${JSON.stringify(typed)} as a head: not SEQUENCE:sha256:…`
    throw new CliError('cli/usage', message)
  }
  return parseHead({ sequence: Number(sequence), hash })
}

function pathOf(directory: string): string {
  return join(directory, 'audit-head.json')
}
