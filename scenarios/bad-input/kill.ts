import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Besieged, Siege } from '../siege.ts'

export interface Kills {
  readonly kills: number
  /** As when the machine stops: apps and their keepers too. */
  readonly withApps: boolean
  /** What is ordered in turn. */
  readonly revisions: readonly [number, number]
}

/** Kills at moments that are the same in every run; each next start is in the old or the new generation. */
export async function surviveKills(
  siege: Siege,
  device: Besieged,
  { kills, withApps, revisions }: Kills,
): Promise<void> {
  const random = randomFrom(kills)
  for (let round = 0; round < kills; round++) {
    const next = revisions[round % 2] ?? 1
    await device.order(next)
    await wait(random() * 3000)
    await kill(device, withApps)
    await device.start()
    const look = async () =>
      (await device.page()).startsWith('revision') ? device.page() : undefined
    const found = await siege.until('its page', look)
    assert.ok(
      revisions.some(one => found === `revision ${one}\n`),
      found,
    )
    await device.runs(next)
  }
}

async function kill(device: Besieged, withApps: boolean): Promise<void> {
  device.agent().signal('SIGKILL')
  await device.agent().ended
  if (!withApps) return
  // Whatever runs is gone with the machine, and its next start is another boot.
  for (const pid of processesOf(device.state)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended between the two: its parent was among them.
    }
  }
  forgetBoot(device)
}

/** As the records of runs look to an agent that starts after the machine did. */
function forgetBoot({ state }: Besieged): void {
  for (const file of globSync(join(state, 'apps/*/*/run.json'))) {
    const record = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...record, boot: 'the one before' }))
  }
}

/** Keepers and sandboxes: their command lines name the device's folder. */
function processesOf(state: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${state}/`)
      } catch {
        return false // it ended between the two looks
      }
    })
    .map(Number)
}

/** A small generator of numbers in [0, 1): mulberry32. */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
