import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTestFleet } from '../testing/test-fleet.ts'
import { makeRelease, upload } from '../testing/test-release.ts'
import { asDiskFull } from './full.ts'

const skip = process.getuid?.() === 0 ? false : 'mounting a small file system needs root'

test('an upload that fills the disk is refused as such, and goes through once there is room', {
  skip,
}, async () => {
  await using it = await openTestFleet()
  const uploads = join(it.data, 'uploads')
  const noise = randomBytes(400_000).toString('latin1')
  const { bundle } = await makeRelease({ revision: 1, files: { noise } })
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', uploads])
  try {
    await assert.rejects(upload(it.operator, bundle), { code: 'server/disk-full', status: 507 })
  } finally {
    execFileSync('umount', [uploads])
  }
  await upload(it.operator, bundle)
})

test('a full database is a full disk too, and no other fault is', () => {
  const full = Object.assign(new Error('database or disk is full'), { errcode: 13 })
  assert.equal(asDiskFull(full)?.code, 'server/disk-full')
  for (const fault of [new Error('x'), Object.assign(new Error('x'), { code: 'EIO' }), 'ENOSPC']) {
    assert.equal(asDiskFull(fault), undefined)
  }
})
