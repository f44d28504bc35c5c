import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import { runTool } from './host-shell.ts'

/**
 * After a cut the machine has started anew, and process numbers that the agent wrote down mean nothing.
 * The laboratory's machine did not: so what was written down is of another start of it.
 */
export function pretendReboot({ root }: Paths): void {
  for (const file of runRecords(join(root, 'apps'))) {
    const text = readFileSync(file, 'utf8')
    const other = text.replace(/"boot":"[^"]*"/, '"boot":"before the cut"')
    if (other !== text) writeFileSync(file, other)
  }
}

/** No rule of a firewall outlives a cut. Only those of a network that is the lane's own are touched. */
export async function forgetFirewall(): Promise<void> {
  const isOwn = Object.keys(networkInterfaces()).every(name => /^(lo$|sfapp)/.test(name))
  if (isOwn) await runTool('nft', ['flush', 'ruleset'])
}

function runRecords(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('/run.json'))
    .map(name => join(folder, name))
}
