import { rmSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '../../error.ts'
import { namesIn } from './patterns.ts'

/** Where nss-systemd finds users that no other file has. nss-systemd(8), systemd-userdbd.service(8) */
export const userRecords = '/run/userdb'

const prefix = 'steadfleet-'

/**
 * Gives a leased uid a name on the device: dbus-daemon shuts out whoever has none. As systemd has it, by a record
 * that is gone with the next boot, and without a change to the device's own list of users. Where nothing reads such
 * records, the uid has no name as before.
 */
export async function nameUid(folder: string, uid: number): Promise<void> {
  const name = `${prefix}${uid}`
  const user = {
    userName: name,
    uid,
    gid: uid,
    realName: 'Steadfleet app',
    homeDirectory: '/',
    shell: '/usr/sbin/nologin',
    disposition: 'system',
    locked: true,
  }
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await writeFile(join(folder, `${name}.user`), JSON.stringify(user), { mode: 0o644 })
  await writeFile(join(folder, `${name}.group`), JSON.stringify({ groupName: name, gid: uid }), {
    mode: 0o644,
  })
  for (const kind of ['user', 'group']) {
    await linkOnce(`${name}.${kind}`, join(folder, `${uid}.${kind}`))
  }
}

async function linkOnce(to: string, at: string): Promise<void> {
  try {
    await symlink(to, at)
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
  }
}

/** Takes the records of uids away that are given back. */
export function forgetUids(folder: string, isGiven: (uid: number) => boolean): void {
  const uids = namesIn(folder).flatMap(file => /^steadfleet-(\d+)\.user$/.exec(file)?.[1] ?? [])
  for (const uid of uids.filter(one => isGiven(Number(one)))) {
    for (const name of [uid, `${prefix}${uid}`]) {
      for (const kind of ['user', 'group']) rmSync(join(folder, `${name}.${kind}`), { force: true })
    }
  }
}
