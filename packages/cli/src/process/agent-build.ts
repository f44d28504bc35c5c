import { existsSync } from 'node:fs'
import { glob, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout, programs } from './checkout.ts'
import { run } from './run.ts'

/** What is built into the one-file agent: its own sources and those of the packages it imports. */
const sources = 'packages/{agent,base,bundle,confine,domain,engine,protocol,trust}/src/**/*.ts'

/** Builds the one-file agent, unless it is younger than all that it is made of. */
export async function buildAgentIfStale(): Promise<void> {
  if (await isFresh()) return
  await run(process.execPath, [programs.agentBuild])
}

async function isFresh(): Promise<boolean> {
  if (!existsSync(programs.builtAgent)) return false
  const { mtimeMs } = await stat(programs.builtAgent)
  for await (const name of glob(sources, { cwd: checkout })) {
    if (!name.endsWith('.test.ts') && (await stat(join(checkout, name))).mtimeMs > mtimeMs)
      return false
  }
  return true
}
