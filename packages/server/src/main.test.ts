import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const main = fileURLToPath(import.meta.resolve('./main.ts'))
const run = promisify(execFile)

describe('a server that is called wrongly', { concurrency: 4 }, () => {
  const rows: [args: string[], message: RegExp][] = [
    [[], /usage is --data DIR/],
    [['--data', '/nowhere', '--listen', 'here'], /it is no HOST:PORT/],
    [['--data', '/nowhere', '--listen', '127.0.0.1:70000'], /it is no HOST:PORT/],
    [['--data', '/nowhere', '--listen', '127.0.0.1:10080'], /connect to no port 10080/],
    [['--data', '/nowhere', '--origin', 'fleet'], /it is no origin/],
    [['--data', '/nowhere', '--origin', 'http://fleet.example:6000'], /connect to no port 6000/],
  ]
  for (const [args, message] of rows) {
    test(`as \`${args.join(' ')}\` says ${message.source} and ends`, async () => {
      await assert.rejects(run(process.execPath, [main, ...args]), (error: Error) => {
        const { code, stderr } = error as Error & { code: number; stderr: string }
        const said = JSON.parse(stderr)
        assert.deepEqual([code, said.code], [1, 'server/usage'])
        assert.match(said.message, message)
        return true
      })
    })
  }
})
