import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { listedServerSettings, variableOf } from '@steadfleet/protocol'
import { readConfiguration } from './configuration.ts'
import { showConfiguration } from './show.ts'

const folder = mkdtempSync(join(tmpdir(), 'steadfleet-configuration-'))
after(() => rmSync(folder, { recursive: true }))

describe('a setting', () => {
  const rows: [what: string, said: Saying, level: string, source: string][] = [
    ['that nobody says', {}, 'info', 'default'],
    ['that the fleet says', { words: ['--usual', 'log-level=error'] }, 'error', 'steadfleet.json'],
    ['of the file', { words: ['--usual', 'log-level=error'], file: 'debug' }, 'debug', 'the file'],
    [
      'of the environment and the file',
      { variable: 'warn', file: 'debug' },
      'warn',
      'STEADFLEET_SERVER_LOG_LEVEL',
    ],
    [
      'of all three',
      { words: ['--log-level', 'error'], variable: 'warn', file: 'debug' },
      'error',
      '--log-level',
    ],
    ['that a variable says nothing of', { variable: '', file: 'debug' }, 'debug', 'the file'],
  ]
  for (const [what, said, level, source] of rows) {
    test(`${what} is ${level}, by ${source}`, () => {
      const { settings, rows: shown } = read(said)
      const row = shown.find(one => one.name === 'log-level')
      const from = row?.source === join(folder, 'configuration.json') ? 'the file' : row?.source
      assert.deepEqual([settings['log-level'], from], [level, source])
    })
  }
})

test('a list is said by several flags, with commas, or as a list; a path of the file is relative to it', () => {
  const two = [
    { host: '127.0.0.1', port: 1 },
    { host: '::1', port: 2 },
  ]
  const [a, b] = ['127.0.0.1:1', '[::1]:2']
  const { settings } = read({ words: ['--listen', a, '--listen', b] })
  assert.deepEqual(settings.listen, two)
  const said = read({ environment: { STEADFLEET_SERVER_LISTEN: `${a}, ${b}` } })
  assert.deepEqual(said.settings.listen, two)
  const filed = readFiled({ listen: [a, b], 'second-store': 'other', deltas: 5 })
  assert.deepEqual(filed.settings.listen, two)
  assert.equal(filed.settings['second-store'], join(folder, 'other'))
  assert.equal(filed.settings.deltas, 5)
})

describe('a configuration is refused', () => {
  const rows: [what: string, said: () => unknown, message: RegExp][] = [
    ['with a flag that is none', () => read({ words: ['--port', '1'] }), /unknown option/],
    [
      'with a variable that is none',
      () => read({ environment: { STEADFLEET_SERVER_PORT: '1' } }),
      /cannot use STEADFLEET_SERVER_PORT from the environment: there is no such setting/,
    ],
    [
      'with a name in the file that is none',
      () => readFiled({ port: 1 }),
      /cannot use port from .*configuration.json/,
    ],
    [
      'with a value of the file that is no text',
      () => readFiled({ deltas: true }),
      /deltas is neither/,
    ],
    [
      'with a network that is none',
      () => read({ words: ['--webhook-network', '10.0.0.0/33'] }),
      /a network as/,
    ],
    ['with a number out of bounds', () => read({ words: ['--deltas', '-1'] }), /--deltas/],
    [
      'with a word that is none of the few',
      () => read({ words: ['--log-level', 'loud'] }),
      /allowed is debug, info, warn, error/,
    ],
    [
      'with one said twice',
      () => read({ words: ['--deltas', '1', '--deltas', '2'] }),
      /said 2 times/,
    ],
    [
      'with a file that is not there',
      () => read({ words: ['--config', 'none.json'] }),
      /none.json: it cannot be read \(ENOENT\)/,
    ],
    ['with a file that is no JSON', () => readFiled('{'), /cannot use the configuration/],
  ]
  for (const [what, said, message] of rows) {
    test(what, () => {
      assert.throws(said, (error: Error & { code: string }) => {
        assert.match(error.code, /^server\/(configuration|usage)$/)
        assert.match(error.message, message)
        return true
      })
    })
  }

  test('without a word of what may hold a secret', () => {
    const url = 'postgres//owner:hunter2@db/fleet'
    assert.throws(
      () => read({ environment: { STEADFLEET_SERVER_DATABASE: url } }),
      (error: Error) =>
        !error.message.includes('hunter2') && /postgres:\/\/USER/.test(error.message),
    )
  })
})

test('what is shown names every setting and its source, and no password', () => {
  const database = 'postgres://owner:hunter2@db.example/fleet'
  const { rows } = read({ environment: { STEADFLEET_SERVER_DATABASE: database } })
  const shown = JSON.parse(showConfiguration(rows, true))
  assert.deepEqual(
    Object.keys(shown.settings),
    listedServerSettings.map(one => one.name),
  )
  assert.deepEqual(shown.settings.database, {
    value: 'postgres://owner:(set)@db.example/fleet',
    source: 'STEADFLEET_SERVER_DATABASE',
  })
  const text = showConfiguration(rows, false)
  assert.match(text, /^log-level +info {2}\(default\)$/m)
  assert.doesNotMatch(text, /hunter2/)
})

test('no two settings share a variable', () => {
  const names = listedServerSettings.map(one => variableOf(one.name))
  assert.equal(new Set(names).size, names.length)
})

interface Saying {
  readonly words?: readonly string[]
  readonly variable?: string
  readonly file?: string
  readonly environment?: Readonly<Record<string, string>>
}

function read({ words = [], variable, file, environment = {} }: Saying) {
  writeFile(file === undefined ? {} : { 'log-level': file })
  const said = variable === undefined ? {} : { STEADFLEET_SERVER_LOG_LEVEL: variable }
  const told = ['--data', folder, ...words]
  return readConfiguration({ words: told, environment: { ...environment, ...said }, folder })
}

function readFiled(content: object | string) {
  writeFile(content)
  return readConfiguration({ words: ['--data', folder], environment: {}, folder })
}

function writeFile(content: object | string): void {
  const path = join(folder, 'configuration.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  chmodSync(path, 0o644)
}
