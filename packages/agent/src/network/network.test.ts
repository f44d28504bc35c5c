import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { type InterfaceRequest, parsePackageName } from '@steadfleet/domain'
import { Bench, until } from '../apps/testing/bench.test.ts'
import type { Attempts } from './index.ts'
import { drillDiscovery } from './testing/discovery-drill.test.ts'
import {
  askNeighbour,
  atNeighbour,
  inStreet,
  isInStreet,
  leaveStreet,
  type Neighbour,
  noStreet,
} from './testing/street.test.ts'

/** A neighbour that answers TCP on every port it is asked at, and says who came; and resolves names. */
const neighbour = `
const { createServer } = require('node:net')
const { createSocket } = require('node:dgram')
const say = line => process.stdout.write(line + '\\n')
for (const port of [23, 443, 1883, 8443]) {
  createServer(s => { say('tcp ' + port); s.on('error', () => {}); s.end('hello') }).listen(port, '::')
}
for (const port of [53, 9000]) createSocket('udp4').on('message', (m, from) => say('udp ' + port + ' ' + from.address)).bind(port, '203.0.113.9')
const names = {
  'api.example.com': ['203.0.113.9'], 'two.example.com': ['203.0.113.9'],
  'inside.example.com': ['127.0.0.1', '169.254.169.254', '192.0.2.1', '198.18.0.1'],
}
const dns = createSocket('udp4').on('message', (query, from) => {
  let at = 12, labels = []
  while (query[at]) { labels.push(query.subarray(at + 1, at + 1 + query[at]).toString()); at += 1 + query[at] }
  const name = labels.join('.'), type = query.readUInt16BE(at + 1)
  say('asked ' + name)
  const addresses = type === 1 ? names[name] ?? [] : []
  const head = Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, name in names ? 0x80 : 0x83, 0, 1, 0, addresses.length, 0, 0, 0, 0])])
  const records = addresses.map(one => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...one.split('.').map(Number)]))
  dns.send(Buffer.concat([head, query.subarray(12, at + 5), ...records]), from.port, from.address)
}).bind(53, '203.0.113.10', () => say('open'))`

/** What an app tries, one word each; prints what came of it. */
const attempts = `
const { connect } = require('node:net')
const dns = require('node:dns').promises
const tcp = (host, port) => new Promise(done => {
  const s = connect({ host, port, timeout: 1500, autoSelectFamily: false })
  s.once('data', () => { s.destroy(); done('reached') }).once('error', e => done(e.code)).once('timeout', () => { s.destroy(); done('silence') })
})
const udp = (host, port, text) => new Promise(done => {
  const s = require('node:dgram').createSocket('udp4')
  s.on('error', () => {}); s.send(text, port, host, () => setTimeout(() => { s.close(); done('sent') }, 100))
})
const name = host => dns.lookup(host, { family: 4 }).then(({ address }) => address, e => e.code)
const direct = async (host, server) => { const r = new dns.Resolver({ timeout: 700, tries: 1 }); r.setServers([server]); return r.resolve4(host).then(String, e => e.code) }
const txt = host => dns.resolveTxt(host).then(String, e => e.code)
;(async () => { for (const one of process.argv.slice(1)) { const [what, ...rest] = one.split(','); console.log(one, String(await ({ tcp, udp, name, direct, txt })[what](...rest))) } })()`

if (!isInStreet) {
  test('a package’s network, in a street of its own', { skip: noStreet }, async () => {
    const { code, said } = await inStreet(import.meta.filename)
    assert.equal(code, 0, said)
  })
} else {
  describe('a package’s network', () => {
    let bench: Bench
    let next: Neighbour
    const heard: Attempts[] = []

    before(async () => {
      next = await atNeighbour(neighbour)
      bench = await Bench.open()
      bench.addProgram(process.execPath)
      bench.apps.onAttempts(one => heard.push(one))
    })
    after(async () => {
      await bench[Symbol.asyncDispose]()
      await next.end()
      leaveStreet()
      assert.equal(execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }), '')
      assert.equal(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim(), '0')
    })

    const tries = async (opened: InterfaceRequest[], ...words: string[]) => {
      const spec = bench.spec('try', { command: ['bin/node'] }, { opened })
      const command = ['bin/node', '-e', attempts, ...words]
      const { output } = await bench.apps.hook(spec, command, 30)
      return Object.fromEntries(output.map(line => line.split(' ')))
    }
    const declared: InterfaceRequest[] = [
      {
        interface: 'network',
        endpoints: [
          { host: 'api.example.com', port: 443 },
          { host: '203.0.113.9', port: 8443 },
          { host: '2001:db8::9', port: 443 },
          { host: 'inside.example.com', port: 443 },
        ],
      } as InterfaceRequest,
    ]

    test('is made', () => {
      assert.match(
        bench.apps.describeConfinement()['confinement.network'] ?? '',
        /behind a firewall/,
      )
    })

    test('leads to what is declared, by name and address, IPv4 and IPv6, and to nothing else', async () => {
      const said = await tries(
        declared,
        ...['tcp,api.example.com,443', 'tcp,203.0.113.9,8443', 'tcp,2001:db8::9,443'],
        ...['tcp,api.example.com,1883', 'tcp,203.0.113.9,23', 'tcp,2001:db8::9,23'],
        ...['tcp,192.0.2.2,443', 'tcp,198.19.255.254,22', 'udp,203.0.113.9,9000,x'],
      )
      assert.deepEqual(Object.values(said).slice(0, 3), ['reached', 'reached', 'reached'])
      assert.ok(
        Object.values(said)
          .slice(3, 8)
          .every(one => one !== 'reached'),
        JSON.stringify(said),
      )
      assert.ok(!next.lines.some(line => line.startsWith('udp')))
      assert.ok(!next.lines.includes('tcp 23'))
    })

    test('resolves what is declared and asks nobody for the rest', async () => {
      const before = next.lines.length
      const said = await tries(
        declared,
        ...['name,api.example.com', 'name,secret-words.evil.example', 'txt,api.example.com'],
        ...[
          'direct,api.example.com,203.0.113.10',
          'udp,203.0.113.9,53,tunnel',
          'name,inside.example.com',
        ],
      )
      assert.equal(said['name,api.example.com'], '203.0.113.9')
      assert.equal(said['name,secret-words.evil.example'], 'ENOTFOUND')
      assert.equal(said['txt,api.example.com'], 'ENODATA')
      assert.notEqual(said['direct,api.example.com,203.0.113.10'], '203.0.113.9')
      assert.equal(said['name,inside.example.com'], 'ENOTFOUND')
      const asked = next.lines.slice(before)
      assert.ok(!asked.some(line => /secret|tunnel|udp 53/.test(line)), asked.join())
    })

    test('publishes the ports that are declared, to whom they are declared', async () => {
      const script = `for (const port of [8080, 8081, 8082]) require('node:net').createServer(s => s.end('app')).listen(port, port === 8082 ? '127.0.0.1' : '::')`
      const ports = [{ port: 8080 }, { port: 8081, from: 'device' }, { port: 8082 }]
      const opened = [{ interface: 'network-listen', ports } as InterfaceRequest]
      const name = parsePackageName('acme/server')
      await bench.apps.start(
        bench.spec('web', { command: ['bin/node', '-e', script] }, { opened, package: name }),
      )
      const here = (port: number, host = '127.0.0.1') =>
        askHere(
          `require('node:net').connect(${port}, '${host}').on('data', d => console.log(String(d))).on('error', e => console.log(e.code))`,
        )
      await until(() => here(8080) === 'app')
      assert.deepEqual([here(8081), here(8082), here(8080, '192.0.2.1')], ['app', 'app', 'app'])
      const there = (port: number) =>
        askNeighbour(
          process.execPath,
          '-e',
          `const s = require('node:net').connect({ port: ${port}, host: '192.0.2.1', timeout: 1000 }).on('data', d => console.log(String(d))).on('error', e => console.log(e.code)).on('timeout', () => { s.destroy(); console.log('silence') })`,
        ).trim()
      assert.equal(there(8080), 'app')
      assert.notEqual(there(8081), 'app')
      // What listens on loopback alone is there for its device, as without a namespace.
      assert.notEqual(there(8082), 'app')
      await bench.apps.stop(name)
    })

    test('tells what was tried: where, and how often', async () => {
      const told = await until(() => heard[0])
      assert.equal(told.package, 'acme/bench')
      assert.ok(told.count >= 5 && told.targets >= 4, JSON.stringify(told))
      assert.match(told.target, /:\d+\/(tcp|udp)$|\.example$/)
    })

    test('isolated, leads nowhere at once, what is open too; released, leads where it did', async () => {
      const isolated = { packages: [parsePackageName('acme/bench')] }
      await bench.apps.isolate(isolated)
      const cut = await tries(declared, 'tcp,203.0.113.9,8443')
      assert.notEqual(cut['tcp,203.0.113.9,8443'], 'reached')
      await bench.apps.isolate({})
      const free = await tries(declared, 'tcp,203.0.113.9,8443')
      assert.equal(free['tcp,203.0.113.9,8443'], 'reached')
    })

    drillDiscovery(() => bench)

    test('does not make the device a router for others', () => {
      askNeighbour('ip', 'route', 'add', '198.51.100.0/24', 'via', '192.0.2.1')
      const said = execFileSync('nft', ['list', 'table', 'inet', 'steadfleet_guard'], {
        encoding: 'utf8',
      })
      assert.match(said, /nfproto ipv4 counter packets 0 bytes 0 drop/)
      execFileSync('ip', ['route', 'add', '198.51.100.0/24', 'via', '192.0.2.2'])
      askNeighbour(
        process.execPath,
        '-e',
        `const s = require('node:dgram').createSocket('udp4'); s.send('x', 9, '198.51.100.1', () => s.close())`,
      )
      const counted = execFileSync('nft', ['list', 'table', 'inet', 'steadfleet_guard'], {
        encoding: 'utf8',
      })
      assert.match(counted, /nfproto ipv4 counter packets [1-9]/)
    })
  })
}

function askHere(source: string): string {
  return execFileSync(process.execPath, ['-e', source], {
    encoding: 'utf8',
    timeout: 20_000,
  }).trim()
}
