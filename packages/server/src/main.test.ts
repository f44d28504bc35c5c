import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const main = fileURLToPath(import.meta.resolve('./main.ts'))
const run = promisify(execFile)

test('a server that is asked for its configuration prints it and serves nothing', async () => {
  const words = ['--data', '/nowhere', '--usual', 'listen=127.0.0.1:1', '--show-config', '--json']
  const env = { ...process.env, STEADFLEET_SERVER_LOG_LEVEL: 'warn' }
  const { stdout } = await run(process.execPath, [main, ...words], { env })
  const { settings } = JSON.parse(stdout)
  assert.deepEqual(settings.listen, { value: ['127.0.0.1:1'], source: 'steadfleet.json' })
  assert.deepEqual(settings['log-level'], {
    value: 'warn',
    source: 'STEADFLEET_SERVER_LOG_LEVEL',
  })
})

describe('a server that is called wrongly', { concurrency: 4 }, () => {
  const rows: [args: string[], message: RegExp][] = [
    [[], /usage is --data DIR/],
    [['--data', '/nowhere', '--listen', 'here'], /from --listen: allowed is HOST:PORT/],
    [['--data', '/nowhere', '--listen', '127.0.0.1:70000'], /from --listen: allowed is HOST:PORT/],
    [
      ['--data', '/nowhere', '--listen', '127.0.0.1:10080'],
      /allowed is HOST:PORT with a port that browsers/,
    ],
    [['--data', '/nowhere', '--origin', 'fleet'], /from --origin: allowed is an origin/],
    [
      ['--data', '/nowhere', '--origin', 'http://fleet.example:6000'],
      /from --origin: allowed is an origin/,
    ],
  ]
  for (const [args, message] of rows) {
    test(`as \`${args.join(' ')}\` says ${message.source} and ends`, async () => {
      await assert.rejects(run(process.execPath, [main, ...args]), (error: Error) => {
        const { code, stderr } = error as Error & { code: number; stderr: string }
        const said = JSON.parse(stderr)
        assert.equal(code, 1)
        assert.match(said.code, /^server\/(usage|configuration)$/)
        assert.match(said.message, message)
        return true
      })
    })
  }
})
