import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { readIfThere } from './files.ts'
import { findProgram } from './host-programs.ts'

const run = promisify(execFile)

/** Options by which setpriv adds Landlock's wall; or why there is none. */
export type Landlock = { readonly options: readonly string[] } | { readonly lacks: string }

/**
 * Device nodes are made by nobody in a sandbox; the filter says so too, and this would if it did not. A ruleset
 * that says nothing of moving files between folders forbids it: so it is allowed everywhere. landlock(7)
 */
const options = [
  ...['--landlock-access', 'fs:make-char,make-block,refer'],
  ...['--landlock-rule', 'path-beneath:refer:/'],
]

/**
 * Finds out whether Landlock can be used: the kernel says so in its list of security modules, and setpriv (from
 * util-linux 2.40 on) shows it by doing it. Node itself makes no such call.
 */
export async function findLandlock(setpriv: string | undefined): Promise<Landlock> {
  const modules = await securityModules()
  if (modules === undefined) return { lacks: 'the kernel does not say whether it has it' }
  if (!modules.includes('landlock')) return { lacks: `not among the kernel’s (${modules.join()})` }
  const trial = setpriv && findProgram('true')
  if (!trial) return { lacks: 'this device lacks setpriv' }
  try {
    await run(setpriv, ['--no-new-privs', ...options, '--', trial])
    return { options }
  } catch {
    return { lacks: 'the kernel has it, and setpriv is older than 2.40' }
  }
}

const list = '/sys/kernel/security/lsm'

/** Where securityfs is not mounted, root looks at it in a mount namespace that ends with the look. */
async function securityModules(): Promise<string[] | undefined> {
  const text = readIfThere(list) ?? (await mountedList())
  return text?.trim().split(',')
}

async function mountedList(): Promise<string | undefined> {
  const unshare = process.getuid?.() === 0 ? findProgram('unshare') : undefined
  if (unshare === undefined) return undefined
  const script = `mount -t securityfs none /sys/kernel/security && cat ${list}`
  try {
    const { stdout } = await run(unshare, ['--mount', '/bin/sh', '-c', script])
    return stdout
  } catch {
    return undefined
  }
}
