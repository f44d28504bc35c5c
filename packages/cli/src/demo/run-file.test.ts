import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { isAlive, nameProcess, type ProcessName } from '../process/living.ts'
import { openRunFile } from './run-file.ts'

describe('the record of a demo', () => {
  let directory = ''
  let file = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'steadfleet-run-'))
    file = join(directory, 'run.json')
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  test('refuses a second demo while the first lives, and says who holds it', async () => {
    await openRunFile(file, own())
    const details = {
      pid: process.pid,
      hint: 'end that one with Ctrl-C, or name another folder with --dir',
    }
    await assert.rejects(openRunFile(file, own()), { code: 'cli/demo', details })
  })

  test('ends what a demo that died has left, and begins anew', async () => {
    const child = spawn('sleep', ['60'])
    const name = nameProcess(child.pid ?? 0)
    assert.ok(name && isAlive(name))
    const exited = once(child, 'exit')
    writeFileSync(file, JSON.stringify({ demo: dead(), children: [name] }))
    await openRunFile(file, own())
    await exited
    assert.equal(isAlive(name), false)
  })

  test('leaves a process alone that only got the id of one that ended', async t => {
    const child = spawn('sleep', ['60'])
    t.after(() => child.kill('SIGKILL'))
    const stranger = { pid: child.pid ?? 0, started: 'another boot/1' }
    writeFileSync(file, JSON.stringify({ demo: dead(), children: [stranger] }))
    await openRunFile(file, own())
    assert.equal(child.exitCode, null)
    assert.equal(child.signalCode, null)
  })

  test('is gone when the demo has ended', async () => {
    const record = await openRunFile(file, own())
    await record.add(own())
    await record.remove()
    assert.equal(existsSync(file), false)
  })
})

function own(): ProcessName {
  const name = nameProcess(process.pid)
  assert.ok(name)
  return name
}

function dead(): ProcessName {
  return { pid: process.pid, started: 'another boot/1' }
}
