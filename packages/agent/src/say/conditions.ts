import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Conditions } from '@steadfleet/engine'
import { isSystemError } from '../error.ts'

/** Where the device says how it is; tests have folders of their own. */
export interface ConditionSources {
  /** See sysfs-class-power in the kernel's ABI documents. */
  readonly powerSupply: string
  /** See proc_loadavg(5). */
  readonly load: string
  /** A file that is there while the link is metered: a network manager's script makes and removes it. */
  readonly metered: string
  readonly processors: number
}

export function sourcesFor(stateDir: string): ConditionSources {
  return {
    powerSupply: '/sys/class/power_supply',
    load: '/proc/loadavg',
    metered: join(stateDir, 'metered'),
    processors: availableParallelism(),
  }
}

/** Reads how the device is now. What cannot be read is not known, and nothing waits for it. */
export function readConditions(sources: ConditionSources): Conditions {
  return {
    isMetered: existsSync(sources.metered),
    batteryPercent: batteryOf(sources.powerSupply),
    loadPercent: loadOf(sources),
  }
}

/** The emptiest of the batteries that the device runs on; undefined on mains, or without any. */
function batteryOf(folder: string): number | undefined {
  const supplies = namesIn(folder).map(
    name => (member: string) => wordOf(join(folder, name, member)),
  )
  const isOnMains = supplies.some(read => read('type') !== 'Battery' && read('online') === '1')
  if (isOnMains) return undefined
  const batteries = supplies.filter(
    read => read('type') === 'Battery' && read('scope') !== 'Device',
  )
  const levels = batteries.map(read => Number(read('capacity') || Number.NaN))
  const known = levels.filter(level => level >= 0 && level <= 100)
  return known.length === 0 ? undefined : Math.min(...known)
}

function loadOf({ load, processors }: ConditionSources): number | undefined {
  const minute = Number.parseFloat(wordOf(load).split(' ')[0] ?? '')
  return Number.isNaN(minute) ? undefined : Math.round((minute / processors) * 100)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}

/** The file's content, trimmed; nothing where the driver has none to give. */
function wordOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error) return ''
    throw error
  }
}
