import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from './besieged.ts'

/** The wall clock of one process: what measures time goes on as it does when a clock is set. */
export interface FalseClock {
  readonly environment: Environment
  /** `+0d` is right, `-3650d` ten years behind, `@1970-01-01 00:00:00` stands at that moment. */
  set(offset: string): void
}

const library = findFakeTime()

/** Why no clock can be set false on this machine, if none can. */
export const whyNoClock = library === undefined && 'libfaketime can’t be had'

/** A clock that is right until it is set; `file` holds by how much it is wrong. */
export function makeClock(file: string): FalseClock {
  const set = (offset: string) => writeFileSync(file, `${offset}\n`)
  set('+0d')
  return {
    environment: {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    set,
  }
}

/** Debian's libfaketime, unpacked aside where it is not installed. */
function findFakeTime(): string | undefined {
  const cache = join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache', 'faketime')
  const found = (): string | undefined =>
    globSync([
      '/usr/lib/*/faketime/libfaketime.so.1',
      `${cache}/usr/lib/*/faketime/libfaketime.so.1`,
    ])[0]
  if (found() || !existsSync('/usr/bin/apt-get')) return found()
  try {
    mkdirSync(cache, { recursive: true })
    execFileSync('apt-get', ['download', '-q', 'libfaketime'], { cwd: cache, stdio: 'ignore' })
    const [deb = ''] = globSync('libfaketime_*.deb', { cwd: cache })
    execFileSync('dpkg', ['-x', deb, '.'], { cwd: cache, stdio: 'ignore' })
  } catch {
    return undefined // no network, no package lists: the clock tests say so
  }
  return found()
}
