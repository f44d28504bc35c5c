import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { parsePackageName } from '@steadfleet/domain'
import { leaseUids } from './uid-lease.ts'
import { openUids } from './uids.ts'

describe('a lease of uids', () => {
  let folder: string
  let table: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'steadfleet-leases-'))
    table = join(folder, 'run/uids')
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const stateDir = (name: string) => {
    mkdirSync(join(folder, name, 'apps'), { recursive: true })
    return join(folder, name)
  }

  test('is one block for one state directory, whoever asks again', () => {
    const first = leaseUids(table, stateDir('a'))
    assert.equal(leaseUids(table, stateDir('a')).block, first.block)
    assert.notEqual(leaseUids(table, stateDir('b')).block, first.block)
    assert.ok(first.uidAt(0) >= 2_000_000_000)
  })

  test('is of the block that is preferred, if that is free', () => {
    assert.equal(leaseUids(table, stateDir('a'), 90_007).block, 90_007)
    assert.notEqual(leaseUids(table, stateDir('b'), 90_007).block, 90_007)
  })

  test('is free again when it is released, or when its state directory is gone or another', () => {
    const released = leaseUids(table, stateDir('a'), 90_001)
    released.release()
    assert.equal(leaseUids(table, stateDir('b'), 90_001).block, 90_001)
    rmSync(join(folder, 'b'), { recursive: true })
    assert.equal(leaseUids(table, stateDir('c'), 90_001).block, 90_001)
  })

  test('lives on while anything runs under its uids', {
    skip: process.getuid?.() !== 0 && 'needs root',
  }, async () => {
    const lease = leaseUids(table, stateDir('a'), 90_002)
    const uid = lease.uidAt(9)
    const child = spawn('/bin/sleep', ['600'], { uid, gid: uid, stdio: 'ignore' })
    await once(child, 'spawn')
    rmSync(join(folder, 'a'), { recursive: true })
    assert.notEqual(leaseUids(table, stateDir('b'), lease.block).block, lease.block)
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(leaseUids(table, stateDir('c'), lease.block).block, lease.block)
  })

  test('taken by twenty agents at once is a block for each', async () => {
    const script = `
      const { leaseUids } = await import(${JSON.stringify(join(import.meta.dirname, 'uid-lease.ts'))})
      for (const stateDir of process.argv.slice(2)) console.log(leaseUids(process.argv[1], stateDir).block)`
    const dirs = Array.from({ length: 20 }, (_, i) => stateDir(`agent-${i}`))
    const said = await Promise.all(
      [0, 1, 2, 3].map(i => {
        const words = ['--input-type=module', '-e', script, table, ...dirs.slice(i * 5, i * 5 + 5)]
        return outputOf(words)
      }),
    )
    const blocks = said.join('').trim().split('\n').map(Number)
    assert.equal(blocks.length, 20)
    assert.equal(new Set(blocks).size, 20)
  })

  test('gives each package one uid, the same after a restart', async () => {
    const [one, two] = [parsePackageName('acme/one'), parsePackageName('acme/two')]
    const uids = openUids(table, stateDir('a'))
    const first = [await uids.of(one), await uids.of(two)]
    assert.notEqual(first[0], first[1])
    uids.release()
    const again = openUids(table, stateDir('a'))
    assert.deepEqual([await again.of(one), await again.of(two)], first)
  })

  test('moves every package to the new block where the old one is taken', async () => {
    const one = parsePackageName('acme/one')
    const uids = openUids(table, stateDir('a'))
    const first = await uids.of(one)
    uids.release()
    leaseUids(table, stateDir('b'), Math.floor((first - 2_000_000_000) / 256))
    assert.notEqual(await openUids(table, stateDir('a')).of(one), first)
  })
})

async function outputOf(words: string[]): Promise<string> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  await once(child, 'close')
  return text
}
