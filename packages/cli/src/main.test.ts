import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'

const noSandbox = existsSync('/usr/bin/bwrap') ? false : 'this machine has no bwrap'
const bin = resolve(import.meta.dirname, '../bin/steadfleet.mjs')

describe('the program, as a process', () => {
  let directory = ''
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'steadfleet-cli-'))
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  test('exits 0 and prints JSON for a fleet that it made', async () => {
    const fleet = join(directory, 'fleet')
    const words = ['init', fleet, '--unencrypted', '--json']
    const { exit, out } = await run(process.execPath, words)
    assert.equal(exit, 0)
    assert.equal(JSON.parse(out).model, 'acme/box/1/all')
  })

  test('exits 1 where there is no fleet', async () => {
    const { exit, err } = await run(process.execPath, ['device', 'list', '--dir', directory])
    assert.equal(exit, 1)
    assert.match(err, /\[cli\/no-home\]\nhint: /)
  })

  test('exits 1 where the disk is read-only, and says where to go', {
    skip: noSandbox,
  }, async () => {
    const locked = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc']
    const words = ['init', join(directory, 'a/b'), '--unencrypted']
    const { exit, err } = await run('bwrap', words, [...locked, process.execPath])
    assert.equal(exit, 1)
    assert.match(
      err,
      /^error: cannot write .*: the disk is read-only {2}\[cli\/read-only\]\nhint: /m,
    )
  })

  test('exits 2 for a wrong call', async () => {
    const { exit, err } = await run(process.execPath, ['channel', 'move', 'acme/x'])
    assert.equal(exit, 2)
    assert.match(err, /\[cli\/usage\]/)
  })

  test('exits 3 where the server is away', async () => {
    const port = await freePort()
    const fleet = join(directory, 'away')
    const server = `http://127.0.0.1:${port}`
    await run(process.execPath, ['init', fleet, '--unencrypted', '--server', server])
    const { exit, err } = await run(process.execPath, ['device', 'list', '--dir', fleet])
    assert.equal(exit, 3)
    assert.match(err, /\[cli\/unreachable\]\nhint: .*steadfleet serve/)
  })

  test('finds its Node from an older one', { skip: olderNode() ?? false }, async () => {
    const { exit, out } = await run('/usr/bin/node', ['--version'])
    assert.equal(exit, 0)
    assert.match(out, /^\d+\.\d+\.\d+$/m)
  })
})

/** Why the start from an older Node can't be tried here, if it can't. */
function olderNode(): string | undefined {
  return existsSync('/usr/bin/node') ? undefined : 'this machine has no Node of its own'
}

function run(
  command: string,
  words: readonly string[],
  before: readonly string[] = [],
): Promise<{ exit: number | null; out: string; err: string }> {
  const child = spawn(command, [...before, bin, ...words])
  const said = { out: '', err: '' }
  child.stdout.on('data', text => {
    said.out += text
  })
  child.stderr.on('data', text => {
    said.err += text
  })
  return new Promise(done => child.once('close', exit => done({ exit, ...said })))
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  const probe = createServer()
  return new Promise(done => {
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address ? address.port : 0
      probe.close(() => done(port))
    })
  })
}
