import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { whyNoPage } from '../page.ts'
import { type Middleman, type Rule, spoiled } from '../proxy.ts'
import { Siege } from '../siege.ts'

type Spoil = (body: Buffer) => Buffer
const spoils: Readonly<Record<'changed' | 'cut' | 'long', Spoil>> = {
  changed: body => {
    const copy = Buffer.from(body)
    const at = Math.floor(copy.length / 2)
    copy[at] = (copy[at] ?? 0) ^ 1
    return copy
  },
  cut: body => body.subarray(0, -2),
  long: body => Buffer.concat([body, Buffer.alloc(3_000_000, 'x')]),
}
const how = { changed: 'with one byte changed', cut: 'cut short', long: 'that goes on and on' }
type How = keyof typeof spoils

/** What is attacked, and with which code the device must name it. */
const attacks: readonly [name: string, how: How, code: RegExp][] = [
  ['object', 'cut', /^agent\/too-short$/],
  ['record', 'changed', /^agent\/digest$/],
  ['record', 'cut', /^agent\/too-short$/],
  ['record', 'long', /^agent\/too-long$/],
  ['timestamp', 'changed', /^(trust\/(malformed|threshold)|json\/.*)$/],
  ['snapshot', 'cut', /^trust\/mismatch$/],
]

const bundles: readonly [how: How, code: RegExp][] = [
  ['changed', /^bundle\/.*$/],
  ['cut', /^bundle\/.*$/],
  ['long', /^(bundle\/excess|agent\/too-long)$/],
]

/** A file that does not compress, of which each revision changes a little. */
const long = Array.from({ length: 10_000 }, (_, i) => Math.imul(i * i, 0x9e3779b1) >>> 0).join(' ')

let siege: Siege
/** Deltas that are honest, or are not, and what is then told. */
const deltas: readonly [name: string, how: How | undefined, code: RegExp][] = [
  ['delta-honest', undefined, /^none$/],
  ['delta-changed', 'changed', /^bundle\//],
]

/** The digests that are attacked, known once revision 2 is published. */
let paths: Readonly<Record<string, RegExp>>
/** What the last revision is made of, for each architecture. */
let trees: readonly string[]

describe('what comes over the network', { concurrency: 20, skip: whyNoPage() }, () => {
  before(async () => {
    siege = await Siege.open(
      [
        ...attacks.map(([what, how]) => `${what}-${how}`),
        ...bundles.map(([how]) => `bundle-${how}`),
        ...deltas.map(([name]) => name),
      ],
      { page: { files: { long } } },
    )
    const { releases } = await siege.publishPage(2)
    // Eight files that are new are worth a bundle; the one of revision 2 is not.
    const files = Array.from({ length: 8 }, (_, i) => [`more-${i}`, `more ${i}\n`])
    await siege.publishPage(3, { files: Object.fromEntries(files) })
    const small = await siege.publishPage(4, { files: { long: `${long} and more` } })
    trees = small.releases.map(({ tree }) => tree)
    const index = createHash('sha256').update('revision 2\n').digest('hex')
    paths = {
      object: new RegExp(`/objects/sha256:${index}$`),
      record: new RegExp(`/objects/${releases[0]?.record}$`),
      timestamp: /\/catalogues\/\w+\/timestamp\.json$/,
      snapshot: /\/catalogues\/\w+\/\d+\.snapshot\.json$/,
      acme: /\/catalogues\/\w+\/\d+\.acme\.json$/,
      bundle: /\/bundles\//,
      delta: /\/deltas\//,
    }
  })
  after(() => siege?.close())

  for (const [what, way, code] of attacks) {
    test(`${what} ${how[way]} is refused and told; the old revision serves until the attack ends`, async () => {
      const device = siege.device(`${what}-${way}`)
      device.proxy.rule = attack(what, way)
      await device.order(2)
      const { event } = await device.refusal(code)
      assert.ok(event.message.startsWith('cannot '), event.message)
      assert.equal(await device.page(), 'revision 1\n')
      assert.equal((await device.view()).releases[0]?.revision, 1)
      device.proxy.rule = undefined
      await device.runs(2)
    })
  }

  for (const [way, code] of bundles) {
    test(`a bundle ${how[way]} is told, and done without while the attack lasts`, async () => {
      const device = siege.device(`bundle-${way}`)
      device.proxy.rule = attack('bundle', way)
      await device.order(3)
      await device.refusal(code)
      await device.runs(3)
      assert.ok(device.proxy.seen.some(asked => paths.bundle?.test(asked)))
    })
  }

  for (const [name, way, code] of deltas) {
    test(`an update goes over a delta, ${way ? `and without it where it comes ${how[way]}` : 'and is small'}`, async () => {
      const device = siege.device(name)
      // It asks only when the server has made it: how long that takes is the machine's affair.
      await device.proxy.calm()
      device.proxy.shut()
      await device.order(4)
      await siege.until('a delta', () => deltaIsMade())
      const brought = countContent(device.proxy, way && spoils[way])
      await device.proxy.open()
      if (way) await device.refusal(code)
      await device.runs(4)
      const isBrought = brought()
      assert.ok(isBrought.deltas > 0 && isBrought.deltas < 2000, `a delta of ${isBrought.deltas}`)
      const isSmall = isBrought.all < 20_000
      assert.equal(isSmall, way === undefined, `${isBrought.all} bytes of content in all`)
    })
  }
})

/** Whether there is one to the last revision; others are made as well. */
function deltaIsMade(): true | undefined {
  const log = readFileSync(join(siege.directory, 'server.log'), 'utf8')
  const made = log.split('\n').filter(line => line.includes('made a delta'))
  return made.some(line => trees.some(tree => line.includes(`"tree":"${tree}"`))) || undefined
}

/** Bytes of content that come over a wire from now on. */
function countContent(proxy: Middleman, spoil: Spoil = body => body) {
  const count = { deltas: 0, all: 0 }
  const counting = (isDelta: boolean) =>
    spoiled(body => {
      const sent = isDelta ? spoil(body) : body
      count.all += sent.length
      count.deltas += isDelta ? sent.length : 0
      return sent
    })
  proxy.rule = asked =>
    /\/(objects|bundles|deltas)\//.test(asked) ? counting(paths.delta!.test(asked)) : undefined
  return () => count
}

function attack(what: string, way: How): Rule {
  const deed = spoiled(spoils[way])
  return asked => (paths[what]?.test(asked) ? deed : undefined)
}
