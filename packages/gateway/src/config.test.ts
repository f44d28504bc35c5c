import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from './config.ts'
import { meaningOf } from './plan.ts'
import { Triggers } from './triggers.ts'
import { Watch } from './watch.ts'

const mac = '02:00:00:00:00:0A'
const least = { lan: 'br-lan', resolver: { upstream: ['192.0.2.53:53'] }, devices: [] }

test('a configuration is YAML or JSON, and MAC addresses are in small letters', () => {
  const text = `lan: br-lan\nresolver: { upstream: ["[2001:db8::53]:53"] }\ndevices: [{ mac: "${mac}", mud: a.json }]`
  assert.equal(parseConfig(text).devices[0]?.mac, mac.toLowerCase())
  assert.deepEqual(parseConfig(JSON.stringify(least)), least)
})

const wrong: [what: string, more: object, why: RegExp][] = [
  ['a member that is none', { telnet: true }, /telnet/],
  ['a card that is no card', { lan: 'br-lan"; reboot' }, /lan/],
  ['a port that is no port', { devices: [{ mac, mud: 'a', port: '$(reboot)' }] }, /port/],
  ['an address that is none', { 'dhcp-servers': ['10.0.0.1 }; flush ruleset'] }, /dhcp-servers/],
  ['a network that is none', { networks: ['10.0.0.0/33'] }, /networks/],
  ['a class that is no URI', { controllers: { 'a b': [] } }, /controllers/],
  [
    'a device twice',
    {
      devices: [
        { mac, mud: 'a' },
        { mac: mac.toLowerCase(), mud: 'b' },
      ],
    },
    /twice/,
  ],
]
for (const [what, more, why] of wrong) {
  test(`a configuration with ${what} is refused`, () => {
    assert.throws(
      () => parseConfig(JSON.stringify({ ...least, ...more })),
      error => {
        assert.equal((error as { code?: string }).code, 'gateway/config')
        assert.match((error as Error).message, why)
        return true
      },
    )
  })
}

test('a configuration that is no YAML, or one without end, is refused', () => {
  const laughs = `a: &a [1]\n${Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [${Array(20).fill(i === 0 ? '*a' : `*b${i - 1}`)}]`).join('\n')}`
  for (const text of ['{', 'lan: [', laughs])
    assert.throws(() => parseConfig(text), { code: 'gateway/config' })
})

test('a name of the Internet means nobody of this network, nor the gateway itself', () => {
  const mayMean = meaningOf(['192.168.1.0/24', 'fd00::/64'], ['203.0.113.1'])
  const refused = ['192.168.1.9', 'fd00::7', '203.0.113.1', '127.0.0.1', '::1', '169.254.1.1']
  for (const one of refused) assert.equal(mayMean(one), false, one)
  for (const one of ['198.51.100.7', '192.168.2.9', '2001:db8::1']) assert.ok(mayMean(one), one)
})

test('a device that tries too much too fast is cut off, and one that does not is not', () => {
  const triggers = new Triggers({ denied: 100, seconds: 10 })
  assert.equal(triggers.reason('a', 60, 0), undefined)
  assert.equal(triggers.reason('a', 60, 20_000), undefined)
  assert.match(triggers.reason('a', 60, 21_000) ?? '', /^120 packets within 10 s/)
  assert.equal(new Triggers(undefined).reason('a', 1e9, 0), undefined)
})

test('what is denied is told at once, then once a minute, and at most so many lines of it', async () => {
  const watch = new Watch(['02:00:00:00:00:01'])
  const word = '020000000001'
  const at = async (ports: Record<number, number>, total: number, now: number) => {
    const set = Object.entries(ports).map(([port, packets]) => ({
      text: `203.0.113.9 tcp ${port}`,
      packets,
    }))
    const counters = new Map([[`out_${word}`, total]])
    return watch.observe(counters, async () => new Map([[`out4_${word}`, set]]), now)
  }
  const first = await at({ 23: 5 }, 5, 1000)
  assert.deepEqual(
    first.denied.map(({ port, packets }) => [port, packets]),
    [[23, 5]],
  )
  assert.deepEqual((await at({ 23: 45 }, 45, 2000)).denied, [])
  assert.deepEqual(
    (await at({ 23: 50 }, 50, 61_000)).denied.map(({ packets, seconds }) => [packets, seconds]),
    [[45, 60]],
  )
  const scan = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [i + 1000, 1]))
  const { denied, tried } = await at({ 23: 50, ...scan }, 550, 62_000)
  assert.ok(denied.length <= 21)
  assert.equal(
    denied.reduce((sum, { packets }) => sum + packets, 0),
    500,
  )
  assert.equal(tried.get('02:00:00:00:00:01'), 500)
})
