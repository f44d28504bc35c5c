import { join } from 'node:path'
import { readIfThere } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError } from '../error.ts'

/** What this agent can read of a state directory. A migration of it writes a higher number. */
const known = 1

/** Refuses a state that a newer agent has changed beyond what this one can read. */
export async function refuseNewerState({ root }: Paths): Promise<void> {
  const text = Buffer.from((await readIfThere(join(root, 'format'))) ?? []).toString()
  const needed = /^[1-9]\d{0,8}\n?$/.test(text) ? Number(text) : known
  if (needed <= known) return
  const message = `cannot read ${root}: it is of format ${needed}, and this agent knows ${known}`
  throw new AgentError('agent/newer-state', message, { needed, known })
}
