import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runWords } from '../testing.ts'

const devices = [
  { mac: '02:00:00:00:00:01', name: 'lamp', state: 'enforced', url: 'https://lamp.example/lamp' },
  { mac: '02:00:00:00:00:02', name: 'camera', state: 'quarantined', why: 'it tried telnet' },
]

describe('a gateway on the command line', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'steadfleet-gateway-cli-'))
    mkdirSync(join(folder, 'state/quarantine'), { recursive: true })
    writeFileSync(join(folder, 'state/status.json'), JSON.stringify({ devices, names: [] }))
  })
  after(() => rmSync(folder, { recursive: true }))

  const type = (...words: string[]) => runWords(['gateway', ...words, '--state', 'state'], folder)
  const cutOff = (word: string) => join(folder, `state/quarantine/${word}.json`)

  test('shows what it enforces', async () => {
    const { out } = await type('status')
    assert.match(out, /lamp +02:00:00:00:00:01 +enforced +https:\/\/lamp\.example\/lamp/)
    assert.match(out, /camera +02:00:00:00:00:02 +quarantined: it tried telnet +–/)
  })

  test('cuts off by name or address, and releases', async () => {
    const file = cutOff('02-00-00-00-00-01')
    assert.equal((await type('quarantine', 'lamp', '--why', 'it is odd')).exit, 0)
    assert.equal(JSON.parse(readFileSync(file, 'utf8')).why, 'it is odd')
    assert.equal((await type('release', '02:00:00:00:00:01')).exit, 0)
    assert.equal(existsSync(file), false)
    assert.match((await type('release', 'lamp')).err, /not cut off {2}\[cli\/not-found\]/)
  })

  test('knows no other device, and nothing where no gateway is', async () => {
    assert.match((await type('quarantine', '../../etc')).err, /\[cli\/not-found\]/)
    const nowhere = await runWords(['gateway', 'status', '--state', 'nowhere'], folder)
    assert.match(nowhere.err, /cannot find a gateway[\s\S]*\[cli\/not-found\]/)
  })

  test('is not run by a configuration that is none', async () => {
    writeFileSync(join(folder, 'gateway.yaml'), 'lan: "br-lan; reboot"')
    const { exit } = await type('run', 'gateway.yaml', '--dry-run')
    assert.notEqual(exit, 0)
  })
})
