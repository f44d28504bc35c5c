import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { packageParams } from '../packages/cli/src/fleet/find.ts'
import { programs } from '../packages/cli/src/process/checkout.ts'
import { isSealed, type SettingValues } from '../packages/domain/src/index.ts'
import {
  deviceTimeline,
  forgetGrant,
  listAudit,
  listSettings,
  releaseDevice,
  setIsolationRule,
  setSettings,
} from '../packages/protocol/src/index.ts'
import { heldOrder, ordered, published, signOrder } from './attacks/forge.ts'
import { mount } from './attacks/mirror.ts'
import { copyPrepared, revisions } from './attacks/prepared.ts'
import { steadfleetAll } from './attacks/steadfleet.ts'
import { openVault } from './attacks/vault.ts'
import { type Besieged, page } from './besieged.ts'
import { type Neighbour, openNeighbour, whyNoNeighbour } from './neighbour.ts'
import { whyNoPage } from './page.ts'
import { Siege } from './siege.ts'

const skip = whyNoPage()
const noNeighbour = skip || whyNoNeighbour()
let siege: Siege
let device: Besieged

before(async () => {
  if (skip) return
  const { directory, devices } = await copyPrepared('none')
  const sleepers = devices.slice(0, 1).map(one => ({ ...one, program: programs.builtAgent }))
  siege = await Siege.resume(directory, sleepers)
  device = siege.device('defended')
  await device.start()
  await device.serves(revisions.held)
})
after(() => siege?.close())

const secret = 'correct horse battery staple'

function filesHolding(root: string, text: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => readFileSync(path).includes(text))
}

const owner = (...lines: string[]): Promise<void> => steadfleetAll(siege.fleet.home, lines)
const settled = (what: string, after: number): Promise<unknown> =>
  siege.until(what, ({ devices }) => {
    const view = devices.find(one => one.id === device.id)
    return (view && view.counter > after && view.counter === view.orderedCounter) || undefined
  })
const setOnDevice = (values: SettingValues) => {
  const { client, home } = siege.fleet
  const scope = { scope: 'device', target: device.id } as const
  const params = { fleet: home.fleet, ...packageParams(page), ...scope }
  return client.call(setSettings, { params, body: { values } })
}

describe('what an owner decides', { concurrency: false, skip, timeout: 240_000 }, () => {
  test('a new statement of the model reaches the device and outlives its agent', async () => {
    const { counter } = heldOrder(device)
    assert.equal(heldOrder(device).model, 'acme/box/1/all')
    await owner(`model publish --require ${page} --summary Sealed`)
    await settled('an order under the new model', counter)
    assert.equal(heldOrder(device).model, 'acme/box/2/all')
    await device.agent().stop(10_000)
    await device.start()
    await device.serves(revisions.held)
  })

  test('whoever orders what the new model forbids is refused', async () => {
    const vault = openVault(siege.fleet.home)
    const order = await signOrder(vault, device, { releases: [] })
    await mount(device.proxy, { order })
    await device.agent().stop(10_000)
    await device.start()
    await device.refusal(/^trust\/required-package$/)
    await device.serves(revisions.held)
    device.proxy.rule = undefined
  })

  test('a refused publisher’s release runs on, and orders still reach it', async () => {
    await owner('policy refuse acme acme', 'policy apply')
    const { counter } = heldOrder(device)
    await setOnDevice({ greeting: 'still' })
    await settled('settings under the new policy', counter)
    await device.serves(revisions.held)
    assert.deepEqual((await device.view()).disallowed, [page])
  })

  test('a secret that the owner seals reaches the app, and nobody on the way can read it', async () => {
    const file = join(siege.directory, 'token.txt')
    writeFileSync(file, `${secret}\n`)
    const { counter } = heldOrder(device)
    await owner(`secrets set ${page} token --device ${device.id} --from ${file}`)
    rmSync(file)
    await settled('an order with the secret', counter)
    await device.serves(revisions.held)
    const holding = filesHolding(siege.directory, secret)
    assert.deepEqual(
      holding.map(path => path.replace(/\d+\.settings/, 'N.settings')),
      [join(device.state, 'data', page.replace('/', '.'), 'N.settings.json')],
    )
    const seen = JSON.parse(readFileSync(holding[0] ?? '', 'utf8'))
    assert.deepEqual([seen.token, seen.greeting], [secret, 'still'])
    const params = { fleet: siege.fleet.home.fleet }
    const given = await siege.fleet.client.call(listSettings, { params })
    const held = given.find(({ name }) => name === device.id)
    assert.ok(isSealed(held?.values.token))
  })

  test('nothing new of it comes, whether the server is honest or its keys are stolen', async () => {
    await assert.rejects(device.order(revisions.next), { code: 'release/not-allowed' })
    const vault = openVault(siege.fleet.home)
    const releases = ordered(device, published(vault, revisions.next))
    await mount(device.proxy, { order: await signOrder(vault, device, { releases }) })
    await device.agent().stop(10_000)
    await device.start()
    await device.refusal(/^trust\/not-allowed$/)
    await device.serves(revisions.held)
    device.proxy.rule = undefined
  })

  test('allowed again, its next release comes', async () => {
    await owner('policy allow acme acme', 'policy apply')
    await device.order(revisions.next)
    await device.runs(revisions.next)
  })
})

describe('an app that is taken over', {
  concurrency: false,
  skip: noNeighbour,
  timeout: 240_000,
}, () => {
  let neighbour: Neighbour
  before(async () => {
    neighbour = openNeighbour()
    const files = { 'cgi-bin/flaw.x': flaw }
    await siege.publishPage(flawed, {
      probationSeconds: 1,
      isWatched: false,
      hasSecret: true,
      files,
    })
    await setOnDevice({ port: device.port })
    await device.order(flawed)
    await device.runs(flawed)
    await reached()
  })
  after(() => neighbour?.[Symbol.dispose]())

  test('tells on itself by what it tries and may not', async () => {
    await takeOver(3)
    const { event, hasEvidence } = await denied()
    const { package: name, target, count } = event.details ?? {}
    assert.deepEqual([name, target, hasEvidence], [page, `${neighbour.address}:23/tcp`, true])
    assert.ok(Number(count) >= 1 && Number(count) <= 6, `${count}`)
  })

  test('is cut off by hand, while its device is heard, and released', async () => {
    await owner(`device isolate defended --package ${page}`)
    await isolated()
    await owner(`device release defended --package ${page}`)
    await reached()
  })

  test('is cut off by the fleet’s rule before anybody looked, and released by hand', async () => {
    const { orderedCounter } = await device.view()
    await ruleFrom(10)
    await settled('the rule', orderedCounter)
    // Told together with what is left of before, they are too many once, and not twice.
    await takeOver(14)
    await isolated()
    await siege.until('the isolation by rule', async () => {
      const { isolation } = await device.view()
      return isolation?.packages?.includes(page) || undefined
    })
    const [newest] = await told('network/denied')
    assert.equal(newest?.event.details?.isolated, true)
    await ruleFrom(undefined)
    await siege.fleet.client.call(releaseDevice, { params: { device: device.id }, body: {} })
    await reached()
  })

  test('leaves all of that in its device’s timeline, and who did it in the log of decisions', async () => {
    const [ended, begun] = ['isolation/ended', 'isolation/begun']
    const codes = (await told(/^isolation\//)).map(({ event }) => event.code)
    assert.deepEqual(codes, [ended, begun, ended, begun])
    const query = { act: 'setIsolation', subject: device.id }
    const acts = await siege.fleet.client.call(listAudit, { query })
    const packages = JSON.stringify({ packages: [page] })
    assert.deepEqual(
      acts.map(({ by, after }) => [by, JSON.parse(after).isolation]),
      [
        ['operator', '{}'],
        ['the device itself', packages],
        ['operator', '{}'],
        ['operator', packages],
      ],
    )
  })

  test('loses a port that is taken back, without a release, and has it again', async () => {
    await owner(`grants revoke ${page} network-listen --device defended`)
    await unreached()
    assert.equal((await device.view()).releases[0]?.revision, flawed)
    const { client, home } = siege.fleet
    const asked = { ...packageParams(page), interface: 'network-listen' }
    const params = { fleet: home.fleet, ...asked, scope: 'device', target: device.id } as const
    await client.call(forgetGrant, { params })
    await reached()
  })

  /** What whoever found the flaw sends it: it tries his host’s telnet. */
  const takeOver = (attempts: number) => {
    const typed = `for i in $(seq ${attempts}); do nc -w 1 ${neighbour.address} 23 </dev/null; done`
    return neighbour.ask(device.port, `cgi-bin/flaw.x?${encodeURIComponent(typed)}`)
  }
  const ruleFrom = (from: number | undefined) =>
    siege.fleet.client.call(setIsolationRule, {
      params: { fleet: siege.fleet.home.fleet },
      body: from === undefined ? {} : { 'denied-per-minute': from },
    })
  const told = async (code: string | RegExp) => {
    const params = { device: device.id }
    const all = await siege.fleet.client.call(deviceTimeline, { params, query: { limit: 200 } })
    return all.filter(({ event }) => event.code?.match(code))
  }
  const denied = () => siege.until('an attempt', async () => (await told('network/denied'))[0])
  const isReached = async () => (await neighbour.ask(device.port)).includes(`revision ${flawed}\n`)
  const reached = () =>
    siege.until('the page from outside', async () => (await isReached()) || undefined)
  const unreached = () =>
    siege.until('the page’s end for all others', async () => !(await isReached()) || undefined)

  /** That the device says so is proof that what is ours still goes through. */
  const isolated = async () => {
    await unreached()
    await siege.until('the device’s own word', async () => {
      const [newest] = await told('network/isolation')
      return newest?.event.message === `${page} isolated` || undefined
    })
  }
})

const flawed = 7

/** Runs what is asked of it: the flaw by which the app is taken over. */
const flaw = `#!/bin/busybox sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
eval "$(httpd -d "$QUERY_STRING")"
`
