import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type InterfaceRequest, parsePackageName } from '@steadfleet/domain'
import { type Bench, until } from '../../apps/testing/bench.test.ts'
import { atNeighbour, type Neighbour } from './street.test.ts'

/** In both houses: one question of mDNS and one of SSDP, and where they are asked. */
const words = `
const { createSocket } = require('node:dgram')
const name = Buffer.from('\\x05_lamp\\x04_tcp\\x05local\\0')
const head = (flags, ...counts) => { const b = Buffer.alloc(12); b.writeUInt16BE(7); b.writeUInt16BE(flags, 2); counts.forEach((n, i) => b.writeUInt16BE(n, 4 + 2 * i)); return b }
const query = Buffer.concat([head(0, 1), name, Buffer.from([0, 12, 0, 1])])
const answer = Buffer.concat([head(0x8400, 0, 1), name, Buffer.from([0, 12, 0, 1, 0, 0, 0, 10, 0, 6]), Buffer.from('\\x04Hall\\0')])
const search = Buffer.from('M-SEARCH * HTTP/1.1\\r\\nHOST: 239.255.255.250:1900\\r\\nMAN: "ssdp:discover"\\r\\nMX: 1\\r\\nST: ssdp:all\\r\\n\\r\\n')
const found = Buffer.from('HTTP/1.1 200 OK\\r\\nST: lamp\\r\\n\\r\\n')
const notify = Buffer.from('NOTIFY * HTTP/1.1\\r\\nNT: lamp\\r\\n\\r\\n')
const groups = { mdns4: ['224.0.0.251', 5353], mdns6: ['ff02::fb%eth0', 5353], ssdp4: ['239.255.255.250', 1900], ssdp6: ['ff02::c%eth0', 1900] }
// An app may not ask the kernel for its links; its default route says which.
const own = (() => { try { return require('node:os').networkInterfaces().eth0.find(one => one.family === 'IPv4').address } catch {} })()
const open = (which, port, joins = []) => new Promise((done, fail) => {
  const s = createSocket({ type: which.endsWith('4') ? 'udp4' : 'udp6', reuseAddr: true, ipv6Only: which.endsWith('6') })
  s.on('error', fail)
  s.bind(port, () => { const by = which.endsWith('6') ? '::%eth0' : own; if (by) s.setMulticastInterface(by); for (const one of joins) s.addMembership(groups[one][0].split('%')[0], by); done(s) })
})`

/** A lamp: says what it was asked, answers him who asks from a port of his own, and everybody else together. */
const lamp = `${words}
;(async () => {
  for (const which of Object.keys(groups)) {
    const [group, port] = groups[which]
    const s = await open(which, port, [which])
    s.on('message', (bytes, from) => {
      const isAsked = which.startsWith('mdns') ? (bytes[2] & 0x80) === 0 : String(bytes).startsWith('M-S')
      console.log(which + (isAsked ? ' asked' : ' told'))
      if (!isAsked) return
      const isAlone = which.startsWith('ssdp') || from.port !== port
      if (isAlone) s.send(which.startsWith('mdns') ? answer : found, from.port, from.address)
      if (which.startsWith('ssdp') || !isAlone) s.send(which.startsWith('mdns') ? answer : notify, port, group)
    })
  }
  const strays = await open('mdns4', 5355, [])
  strays.addMembership('224.0.0.251', own); strays.addMembership('224.0.0.252', own)
  strays.on('message', () => console.log('strayed'))
  console.log('open')
})()`

/** What an app tries, one word each: whether it hears of the lamp, by whatever port it asks from. */
const looks = `${words}
const hears = (s, bytes, port, group, isIt) => new Promise(done => {
  const ask = () => s.send(bytes, port, group, () => {})
  const again = setInterval(ask, 300), over = setTimeout(() => { clearInterval(again); s.close(); done('nothing') }, WAIT)
  s.on('message', m => { if (isIt(m)) { clearInterval(again); clearTimeout(over); s.close(); done('found') } })
  ask()
})
const tries = {
  alone: async which => hears(await open(which, 0), which.startsWith('mdns') ? query : search, groups[which][1], groups[which][0], m => String(m).includes(which.startsWith('mdns') ? 'Hall' : 'lamp')),
  together: async which => hears(await open(which, groups[which][1], [which]), which.startsWith('mdns') ? query : search, groups[which][1], groups[which][0], m => String(m).includes(which.startsWith('mdns') ? 'Hall' : 'NOTIFY')),
  announce: async which => hears(await open(which, groups[which][1], [which]), which.startsWith('mdns') ? answer : notify, groups[which][1], groups[which][0], () => false),
  stray: async () => { const s = await open('mdns4', 0); s.send(query, 5355, '224.0.0.251'); return hears(s, query, 5355, '224.0.0.252', () => true) },
}
const run = async () => {
  const words = process.argv.slice(1)
  const said = await Promise.all(words.map(one => { const [what, which] = one.split(','); return tries[what](which).catch(e => e.code) }))
  words.forEach((one, i) => console.log(one, said[i]))
}`

const looksOnce = (ms: number) => `${looks.replace('WAIT', `${ms}`)}\nrun()`
const looksOn = `${looks.replace('WAIT', '1000')}\n;(async () => { for (;;) await run() })()`

const granted: InterfaceRequest = { interface: 'network-lan', discovery: ['mdns', 'ssdp'] }
const plain: InterfaceRequest = { interface: 'network-lan', endpoints: [{ port: 1883 }] }
const all = ['mdns4', 'mdns6', 'ssdp4', 'ssdp6']

/** Finding services on the device's links, in a street where a neighbour has a lamp. */
export function drillDiscovery(bench: () => Bench): void {
  describe('a package that may look for services', () => {
    let neighbour: Neighbour
    before(async () => {
      neighbour = await atNeighbour(lamp)
    })
    after(() => neighbour.end())

    const look = async (opened: InterfaceRequest, source: string, ...words: string[]) => {
      const spec = bench().spec('look', { command: ['bin/node'] }, { opened: [opened] })
      const { output } = await bench().apps.hook(spec, ['bin/node', '-e', source, ...words], 120)
      return output
    }

    test('finds them by every group, whether it asks alone or listens with all', async () => {
      const words = ['alone', 'together'].flatMap(how => all.map(which => `${how},${which}`))
      const said = await look(granted, looksOnce(30_000), ...words)
      assert.deepEqual(
        said,
        words.map(word => `${word} found`),
      )
    })

    test('tells nobody anything, and gets to no other group or port', async () => {
      const before = neighbour.lines.length
      const words = ['announce,mdns4', 'announce,ssdp4', 'announce,mdns6', 'stray,']
      const said = await look(granted, looksOnce(500), ...words)
      assert.deepEqual(
        said,
        words.map(word => `${word} nothing`),
      )
      assert.deepEqual(neighbour.lines.slice(before), [])
    })

    test('may not by another grant, and is not heard', async () => {
      const before = neighbour.lines.length
      const words = [...all.map(which => `alone,${which}`), 'together,mdns4']
      const said = await look(plain, looksOnce(500), ...words)
      assert.deepEqual(
        said,
        words.map(word => `${word} nothing`),
      )
      assert.deepEqual(neighbour.lines.slice(before), [])
    })

    test('finds nothing while it is isolated, nor once the grant is taken back', async () => {
      const name = parsePackageName('acme/finder')
      const command = ['bin/node', '-e', looksOn, 'alone,mdns4']
      const spec = bench().spec('finder', { command }, { opened: [granted], package: name })
      const { apps, lines } = bench()
      const said = (word: string) => {
        const from = lines.length
        return until(() => lines.slice(from).some(one => one.text === `alone,mdns4 ${word}`))
      }
      await apps.start(spec)
      await said('found')
      await apps.isolate({ packages: [name] })
      await said('nothing')
      await apps.isolate({})
      await said('found')
      await apps.start({ ...spec, opened: [plain] })
      await said('nothing')
      const from = lines.length
      await said('nothing')
      assert.ok(!lines.slice(from).some(one => one.text.endsWith('found')))
      await apps.stop(name)
    })
  })
}
