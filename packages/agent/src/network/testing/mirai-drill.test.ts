import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type InterfaceRequest, parsePackageName } from '@steadfleet/domain'
import { Bench, until } from '../../apps/testing/bench.test.ts'
import type { Attempts } from '../index.ts'
import { atNeighbour, leaveStreet, type Neighbour } from './street.test.ts'

/** The pairs that Mirai tried. ../shared/data/mirai-credentials.SOURCE.md */
const list = join(import.meta.dirname, '../../../../../../shared/data/mirai-credentials.csv')

/** A weak device at 203.0.113.9, that takes a pair of the list, and a victim at 203.0.113.10. */
const street = `
const { createServer } = require('node:net')
const say = line => process.stdout.write(line + '\\n')
let flood = 0
createServer(s => {
  say('telnet opened'); s.on('error', () => {}); s.write('login: ')
  s.on('data', d => say('pair ' + String(d).trim()))
}).listen(23, '203.0.113.9')
createServer(s => { s.on('error', () => {}); s.end('hello') }).listen(443, '203.0.113.9')
require('node:dgram').createSocket('udp4').on('message', () => { flood += 1; if (flood % 100 === 0) say('flood ' + flood) }).bind(80, '203.0.113.10', () => say('open'))`

/** What a bot does, bounded: 64 addresses, the first 20 pairs, 2,000 packets. */
const bot = `
const { connect } = require('node:net')
const pairs = JSON.parse(process.argv[1])
const attempt = (host, pair) => new Promise(done => {
  const s = connect({ host, port: 23, timeout: 300 })
  s.on('data', () => { s.write(pair + '\\n', () => setTimeout(() => { s.destroy(); done() }, 20)) })
  s.on('error', done).on('timeout', () => { s.destroy(); done() })
})
;(async () => {
  await Promise.all(Array.from({ length: 64 }, (_, i) => attempt('203.0.113.' + i, 'scan')))
  for (const pair of pairs) await attempt('203.0.113.9', pair)
  const s = require('node:dgram').createSocket('udp4')
  s.on('error', () => {})
  for (let i = 0; i < 2000; i += 1) await new Promise(done => s.send('x'.repeat(512), 80, '203.0.113.10', done))
  s.close()
  console.log('done')
})()`

/** An app that asks its declared endpoint again and again, and says how it went. */
const ordinary = `
const { connect } = require('node:net')
const ask = () => new Promise(done => {
  const s = connect({ host: '203.0.113.9', port: 443, timeout: 5000 })
  s.once('data', () => { s.destroy(); done(true) }).once('error', () => done(false)).once('timeout', () => { s.destroy(); done(false) })
})
;(async () => { let good = 0; for (let i = 0; i < 20; i += 1) { good += await ask(); await new Promise(r => setTimeout(r, 50)) } console.log(good) })()`

const endpoints: InterfaceRequest[] = [
  { interface: 'network', endpoints: [{ host: '203.0.113.9', port: 443 }] } as InterfaceRequest,
]

/** A package is taken over, in a street of its own, while `others` go about their business. */
export function drillMirai(others: number): void {
  describe(`a package that was taken over, among ${others} others`, () => {
    let bench: Bench
    let neighbour: Neighbour
    const heard: Attempts[] = []
    const pairs = readFileSync(list, 'utf8')
      .split('\n')
      .slice(1, 21)
      .map(line => line.split(',').slice(0, 2).join(':'))
    const bad = parsePackageName('acme/taken')

    before(async () => {
      neighbour = await atNeighbour(street)
      bench = await Bench.open()
      bench.addProgram(process.execPath)
      bench.apps.onAttempts(one => heard.push(one))
    })
    after(async () => {
      await bench[Symbol.asyncDispose]()
      await neighbour.end()
      leaveStreet()
    })

    const runIn = async (name: string, source: string, ...words: string[]) => {
      const spec = bench.spec(
        'app',
        { command: ['bin/node'] },
        { opened: endpoints, package: parsePackageName(name) },
      )
      const { output } = await bench.apps.hook(spec, ['bin/node', '-e', source, ...words], 60)
      return output.join('\n')
    }

    test('without a firewall is seen by everybody', async () => {
      execFileSync(process.execPath, ['-e', bot, JSON.stringify(pairs)], { timeout: 60_000 })
      await until(() => neighbour.lines.some(line => /^flood 1\d\d\d$/.test(line)))
      assert.ok(neighbour.lines.filter(line => line.startsWith('pair')).length >= 20)
    })

    test('behind its firewall is seen by nobody, and disturbs nobody', async () => {
      const before = neighbour.lines.length
      const names = Array.from({ length: others }, (_, i) => `acme/other-${i}`)
      const [said, own, ...rest] = await Promise.all([
        runIn(bad, bot, JSON.stringify(pairs)),
        runIn(bad, ordinary),
        ...names.map(name => runIn(name, ordinary)),
      ])
      assert.equal(said, 'done')
      assert.deepEqual(neighbour.lines.slice(before), [])
      assert.deepEqual([own, ...rest], Array(others + 1).fill('20'))
    })

    test('is named, with what it tried', async () => {
      const told = await until(() => heard.find(one => one.package === bad && one.count > 20))
      assert.match(told.target, /^203\.0\.113\.\d+:(23\/tcp|80\/udp)$/)
      assert.deepEqual([...new Set(heard.map(one => one.package))], [bad])
    })
  })
}
