import { execFile } from 'node:child_process'
import { existsSync, globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathsOf } from '../packages/agent/src/disk/paths.ts'
import { readEnrolment, writeEnrolment } from '../packages/agent/src/trust/identity.ts'
import { programs } from '../packages/cli/src/process/checkout.ts'
import type { Besieged } from './besieged.ts'

/** Runs an agent to its end, the shipped one if none is named; rejects with what it said, where it fails. */
export function runAgent(
  words: readonly string[],
  program: string = programs.builtAgent,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = [program, ...words, '--json']
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error) reject(Object.assign(new Error(stderr.trim()), { exit: error.code }))
      else resolve(stdout)
    })
  })
}

/** Ends what runs on without its agent, where anything of a device is there. */
export async function down(state: string): Promise<void> {
  if (existsSync(join(state, 'identity'))) await runAgent(['down', '--state', state])
}

/** A device whose folder was copied: its server is at another address, its page at another port. */
export async function moveHouse({ state, proxy, port }: Besieged): Promise<void> {
  const paths = pathsOf(state)
  const enrolment = await readEnrolment(paths)
  if (enrolment === undefined) throw new RangeError(`nothing has joined from ${state}`)
  await writeEnrolment(paths, { ...enrolment, origin: proxy.origin })
  for (const folder of globSync(join(state, 'data/acme.page/+([0-9])'))) {
    writeFileSync(join(folder, 'port'), String(port))
  }
}
