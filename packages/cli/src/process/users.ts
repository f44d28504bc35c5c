import { chmod, chown, lchown, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './run.ts'

/**
 * Users that the demo's own processes are where root may choose: from a range that no distribution
 * gives to anyone, so that nobody else can read their files, and they can read nobody's.
 */
export const demoUsers = {
  'witness-1': 60_811,
  'witness-2': 60_812,
  server: 60_813,
  signer: 60_814,
} as const

/** The beginning of a command line that makes its process this user, in this group and no other. */
export function asUser(uid: number, gid: number = uid): string[] {
  const user = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups']
  return ['setpriv', ...user, '--no-new-privs', '--']
}

/**
 * Whether this user reaches a program and can go into a folder: a checkout in a private home keeps
 * others out.
 */
export async function mayRunAs(uid: number, program: string, folder: string): Promise<boolean> {
  const test = `test -r "$0" && test -x "$1" && test -x "$2"`
  const [setpriv = '', ...words] = [...asUser(uid), 'sh', '-c', test]
  try {
    await run(setpriv, [...words, program, process.execPath, folder])
    return true
  } catch {
    return false // the answer; our own user is the second way
  }
}

/** Gives a folder and all that is in it to a user, and closes it to others but the group. */
export async function giveTo(
  folder: string,
  { uid, gid = uid, mode = 0o700 }: { uid: number; gid?: number; mode?: number },
): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const path of await readdir(folder, { recursive: true })) {
    await lchown(join(folder, path), uid, gid)
  }
  await chown(folder, uid, gid)
  await chmod(folder, mode)
}
