import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { realpath, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseStrictJson } from '@steadfleet/base'
import { makeDirectories, readIfThere } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError } from '../error.ts'
import type { ImportProgress } from './import-file.ts'
import type { ImportResult } from './import-loop.ts'

const lookMs = 200

/** Names the file to the agent that runs here, and waits for what comes of it. */
export async function askImport(
  paths: Paths,
  path: string,
  onProgress: (progress: ImportProgress) => void,
): Promise<ImportResult> {
  const file = await realpath(path).catch(cause => {
    throw new AgentError('agent/not-there', `cannot read ${path}`, { path }, { cause })
  })
  await makeDirectories([paths.imports], 0o700)
  const base = join(paths.imports, randomBytes(8).toString('hex'))
  await refuseIdle(paths)
  await symlink(file, `${base}.sfo`)
  try {
    return await answer(paths, base, onProgress)
  } finally {
    for (const end of ['sfo', 'progress', 'result']) await rm(`${base}.${end}`, { force: true })
  }
}

/** An import takes as long as the stick is slow; it ends when the agent does. */
async function answer(
  paths: Paths,
  base: string,
  onProgress: (progress: ImportProgress) => void,
): Promise<ImportResult> {
  let told = ''
  for (let looks = 0; ; looks += 1) {
    const result = await readIfThere(`${base}.result`)
    if (result) return parseStrictJson(result) as unknown as ImportResult
    const progress = Buffer.from((await readIfThere(`${base}.progress`)) ?? []).toString()
    // A file that is being written is read whole the next time.
    if (progress !== told && progress.endsWith('}')) onProgress(JSON.parse(progress))
    told = progress
    if (looks % 25 === 24) await refuseIdle(paths)
    await wait(lookMs)
  }
}

/** Where nobody holds the directory, nobody would ever answer. */
async function refuseIdle(paths: Paths): Promise<void> {
  const holder = Number(Buffer.from((await readIfThere(paths.holder)) ?? []).toString())
  if (holder > 0 && existsSync(`/proc/${holder}`)) return
  const message = `cannot import: no agent runs over ${paths.root}`
  throw new AgentError('agent/not-running', message, { directory: paths.root })
}
