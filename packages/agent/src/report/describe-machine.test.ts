import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { describeMachine } from './describe-machine.ts'

const folder = mkdtempSync(join(tmpdir(), 'steadfleet-machine-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const rows: readonly [said: string | undefined, hardware: string | undefined][] = [
  ['Raspberry Pi 4 Model B Rev 1.4\0', 'Raspberry Pi 4 Model B Rev 1.4'],
  ['NUC11\n', 'NUC11'],
  ['', undefined],
  [undefined, undefined],
]
for (const [said, hardware] of rows) {
  test(`a machine whose board says ${JSON.stringify(said)} is ${hardware ?? 'not named'}`, () => {
    const path = join(folder, 'model')
    rmSync(path, { force: true })
    if (said !== undefined) writeFileSync(path, said)
    assert.equal(describeMachine([path]).hardware, hardware)
  })
}

test('amounts are whole numbers, by which queries compare', () => {
  const { 'memory.total-mb': memory = '', processors = '' } = describeMachine([])
  for (const amount of [memory, processors]) assert.match(amount, /^[1-9]\d*$/)
})
