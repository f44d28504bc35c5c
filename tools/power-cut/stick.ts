import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import { exportOf } from '../../packages/agent/src/testing/offline-fleet.test.ts'
import type { Laboratory } from './laboratory.ts'
import type { Revisions } from './published.ts'
import { releasesOf } from './releases.ts'

/** Writes what `steadfleet bundle export` would for this order, beside the device's disk. */
export async function writeStick(
  { fleet, shelf, moment, folder }: Laboratory,
  order: Revisions,
): Promise<string> {
  fleet.rewind(moment)
  const releases = releasesOf(shelf, order)
  await fleet.give(releases)
  const file = join(folder, 'stick.sfo')
  writeFileSync(file, await exportOf(fleet, releases))
  return file
}

/** Names the file to the agent, as `steadfleet-agent import` does. */
export function plugIn(file: string, { imports }: Paths): void {
  mkdirSync(imports, { recursive: true, mode: 0o700 })
  symlinkSync(file, join(imports, 'stick.sfo'))
}
