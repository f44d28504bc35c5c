import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { readConfiguration } from './configuration/configuration.ts'
import { refusePlainHttp } from './tls/serve-tls.ts'

const root = join(import.meta.dirname, '../../..')
const folder = join(root, 'examples/operate')
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const isThere = (program: string): boolean => spawnSync('which', [program]).status === 0

describe('what is given to whoever runs a server', () => {
  const skip = !isThere('systemd-analyze') && 'without systemd-analyze'
  test('a unit of systemd, whose exposure is small', { skip }, async () => {
    const words = [
      'security',
      '--offline=true',
      '--threshold=20',
      join(folder, 'steadfleet.service'),
    ]
    await promisify(execFile)('systemd-analyze', words)
  })

  test('the unit and the container say settings that there are', () => {
    const unit = /serve (.*)$/m.exec(read('steadfleet.service'))?.[1]?.split(' ')
    const [, command = '[]'] = /^CMD (\[.*\])$/m.exec(read('Containerfile')) ?? []
    for (const words of [unit, JSON.parse(command).slice(1)]) {
      assert.deepEqual(words.slice(0, 2), ['--dir', '/var/lib/steadfleet/fleet'])
      const told = { words: words.slice(2), environment: {}, folder: root }
      refusePlainHttp(readConfiguration(told).settings)
    }
  })

  test('a container of what is in the checkout, that does not run as root', () => {
    const lines = read('Containerfile').split('\n')
    const copied = lines.flatMap(line => /^COPY (.*) \S+$/.exec(line)?.[1]?.split(' ') ?? [])
    assert.ok(copied.length > 3)
    assert.deepEqual(
      copied.filter(path => !existsSync(join(root, path))),
      [],
    )
    assert.ok(lines.includes('USER steadfleet'))
  })
})
