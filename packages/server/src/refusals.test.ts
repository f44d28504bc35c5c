import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { nextVersion, readSigned, signerFromSeed, signMetadata } from '@steadfleet/authority'
import { digestOf, toUtf8 } from '@steadfleet/base'
import {
  createEnrolmentToken,
  createSignInLink,
  enrolDevice,
  listDevices,
  listRollouts,
  listSettings,
  makeClient,
  missingObjects,
  problemStatus,
  setSettings,
  signRequest,
  tryRelease,
  unfollowPackage,
  uploadOffset,
  uploadPart,
  whoAmI,
} from '@steadfleet/protocol'
import { joinDevice, secretIn, type TestDevice } from './testing/test-device.ts'
import {
  fleet,
  follow,
  greenhouse,
  moveStable,
  openTestFleet,
  type TestFleet,
} from './testing/test-fleet.ts'
import { makeRelease, nextRole, putRole, upload } from './testing/test-release.ts'
import { byFetch, clientFor } from './testing/transport.ts'

let it: TestFleet
let device: TestDevice

before(async () => {
  it = await openTestFleet(['acme/greenhouse'])
  device = await it.join({ name: 'shelf' })
  await it.publish({
    revision: 1,
    settings: {
      greeting: { type: 'string', default: 'hi', 'max-length': 10 },
      level: { type: 'integer', default: 1, minimum: 0, maximum: 9 },
    },
  })
  await follow(it.operator)
  await moveStable(it.operator, 1)
})
after(() => it[Symbol.asyncDispose]())

describe('a signed request', () => {
  test('by a key that nobody here has is refused', async () => {
    const stranger = clientFor(it.origin(), signerFromSeed(randomBytes(32)))
    await assert.rejects(stranger.call(listDevices, { params: { fleet } }), {
      code: 'request/unknown-key',
    })
  })

  test('in the name of another key is refused', async () => {
    const forger = { ...signerFromSeed(randomBytes(32)), keyid: it.keys.operator.keyid }
    await assert.rejects(clientFor(it.origin(), forger).call(listDevices, { params: { fleet } }), {
      code: 'request/bad-signature',
    })
  })

  test('that is sent again as it was is refused', async () => {
    const sent: Parameters<typeof byFetch>[0][] = []
    const client = makeClient({
      origin: it.origin(),
      transport: request => {
        sent.push(request)
        return byFetch(request)
      },
      signing: { signer: it.keys.operator, signRequest },
    })
    await client.call(listDevices, { params: { fleet } })
    const replayed = await fetch(sent.at(-1)!.url, { headers: { ...sent.at(-1)!.headers } })
    assert.equal(replayed.status, 401)
    assert.equal(((await replayed.json()) as { type: string }).type, 'request/replayed')
  })

  test('under a nonce of our own making is stale, and the reply brings a good one', async () => {
    const parts = { method: 'GET', targetUri: `${it.origin()}/v1/fleets` }
    const nonce = Buffer.from(randomBytes(27)).toString('base64url')
    const headers = await signRequest(parts, { nonce, sequence: 1 }, it.keys.operator)
    const reply = await fetch(parts.targetUri, { headers })
    assert.equal(((await reply.json()) as { type: string }).type, 'request/stale-nonce')
    const fresh = reply.headers.get('steadfleet-nonce') ?? ''
    const again = await signRequest(parts, { nonce: fresh, sequence: 1 }, it.keys.operator)
    assert.equal((await fetch(parts.targetUri, { headers: again })).status, 200)
  })

  test('for another origin than the server’s is refused', async () => {
    const other = makeClient({
      origin: 'http://elsewhere.example',
      transport: request =>
        byFetch({ ...request, url: request.url.replace('http://elsewhere.example', it.origin()) }),
      signing: { signer: it.keys.operator, signRequest },
    })
    await assert.rejects(other.call(listDevices, { params: { fleet } }), {
      code: 'request/bad-signature',
    })
  })

  test('of one key many at once, each is taken', async () => {
    const asked = Array.from({ length: 40 }, () =>
      it.operator.call(listDevices, { params: { fleet } }),
    )
    assert.equal((await Promise.all(asked)).length, 40)
  })
})

describe('a body', () => {
  const bodies: [what: string, body: string, code: string][] = [
    ['that is no JSON', '{"token":', 'json/syntax'],
    ['with a key twice', '{"token":"a","token":"b"}', 'json/duplicate-key'],
    [
      'with a member unknown to its schema',
      '{"token":"aaaaaaaaaaaaaaaaaaaaaaaa","x":1}',
      'schema/mismatch',
    ],
    ['of another type', '{"token":7}', 'schema/mismatch'],
    ['longer than strangers may send', `{"token":"${'a'.repeat(70_000)}"}`, 'request/too-large'],
  ]
  for (const [what, body, code] of bodies) {
    test(`${what} is refused as ${code}`, async () => {
      const headers = { 'content-type': 'application/json' }
      const reply = await fetch(`${it.origin()}/v1/sign-in`, { method: 'POST', headers, body })
      const problem = (await reply.json()) as { type: string; status: number }
      assert.equal(problem.type, code)
      assert.equal(reply.status, problemStatus[code as keyof typeof problemStatus])
      assert.equal(reply.headers.get('content-type'), 'application/problem+json')
    })
  }
})

describe('an enrolment token', () => {
  test('lets one device join, and that one again after a lost reply', async () => {
    const token = await it.token()
    const seed = randomBytes(32)
    const first = await joinDevice(it.origin(), token, { seed, name: 'once' })
    assert.equal((await joinDevice(it.origin(), token, { seed, name: 'once' })).id, first.id)
    await assert.rejects(joinDevice(it.origin(), token), { code: 'enrolment/refused' })
  })

  test('that is unknown, used or malformed gets one and the same reply', async () => {
    const used = secretIn(await it.token())
    const seed = randomBytes(32)
    await joinDevice(it.origin(), tokenOf(used), { seed })
    const refusals = await Promise.all(
      [used, Buffer.from(randomBytes(32)).toString('base64url'), 'x'.repeat(43)].map(secret =>
        joinDevice(it.origin(), tokenOf(secret)).then(
          () => 'joined',
          (error: Error & { code: string }) => `${error.code} ${error.message}`,
        ),
      ),
    )
    assert.deepEqual(new Set(refusals).size, 1)
    assert.match(refusals[0]!, /^enrolment\/refused cannot enrol: .* unknown, used or expired$/)
  })

  test('is logged once when it is refused, without its secret', async () => {
    const secret = `secret${'y'.repeat(40)}`
    const before = refusalsIn(await logUpToNow())
    await assert.rejects(joinDevice(it.origin(), tokenOf(secret)), { code: 'enrolment/refused' })
    assert.equal(refusalsIn(await logUpToNow()), before + 1)
    assert.equal(it.server().log().includes(secret), false)
  })

  test('is of no use to whoever can’t sign with the key that is claimed', async () => {
    const secret = secretIn(await it.token())
    const key = signerFromSeed(randomBytes(32))
    const claim = {
      publicKey: key.key.keyval.public,
      name: 'liar',
      model: 'box',
      architecture: 'amd64' as const,
    }
    const liar = clientFor(it.origin(), device.signer)
    await assert.rejects(liar.call(enrolDevice, { body: { token: secret, claim } }), {
      code: 'enrolment/wrong-key',
    })
    await assert.rejects(it.anyone.call(enrolDevice, { body: { token: secret, claim } }), {
      code: 'request/unsigned',
    })
  })

  test('comes with a line that checks all it fetches before it runs it', async () => {
    const made = await it.operator.call(createEnrolmentToken, { params: { fleet }, body: {} })
    assert.equal(made.command.match(/sha256sum -c/g)?.length, 3)
    assert.ok(made.command.includes(made.token))
    for (const file of ['steadfleet-agent.mjs', 'rescuer.sh']) {
      assert.ok(made.command.includes(`${it.origin()}/v1/agent/${file}`))
    }
  })

  test('can’t be had for a fleet that is not there', async () => {
    const params = { fleet: 'nowhere' as typeof fleet }
    await assert.rejects(it.operator.call(createEnrolmentToken, { params, body: {} }), {
      code: 'fleet/unknown',
    })
  })
})

describe('a setting', () => {
  const rows: [
    what: string,
    change: Partial<Record<'name' | 'scope' | 'target', string>>,
    values: Record<string, string | number>,
    code: string,
  ][] = [
    ['of a wrong type', {}, { level: 'loud' }, 'setting/mismatch'],
    ['out of its bounds', {}, { level: 10 }, 'setting/mismatch'],
    ['that is unknown', {}, { colour: 'red' }, 'setting/mismatch'],
    [
      'of a package that is not there',
      { name: 'nothing' },
      { level: 1 },
      'setting/unknown-package',
    ],
    [
      'of a group that is not there',
      { scope: 'group', target: 'attic' },
      { level: 1 },
      'group/unknown',
    ],
    [
      'of a device that is not there',
      { scope: 'device', target: `dev_${'0'.repeat(20)}` },
      { level: 1 },
      'device/unknown',
    ],
    ['with a fraction', {}, { level: 1.5 }, 'json/number'],
  ]
  for (const [what, change, values, code] of rows) {
    test(`${what} is refused, and nothing is ordered`, async () => {
      const before = await ordersNow()
      const params = { fleet, ...greenhouse, scope: 'fleet', target: fleet, ...change } as never
      await assert.rejects(it.operator.call(setSettings, { params, body: { values } }), { code })
      assert.deepEqual(await ordersNow(), before)
      assert.deepEqual(await it.operator.call(listSettings, { params: { fleet } }), [])
    })
  }
})

test('a setting may be given before the channel of a followed package points anywhere', async () => {
  await using own = await openTestFleet([])
  await own.publish({
    revision: 1,
    settings: { level: { type: 'integer', default: 1, maximum: 9 } },
  })
  await follow(own.operator)
  const params = { fleet, ...greenhouse, scope: 'fleet', target: fleet } as const
  await own.operator.call(setSettings, { params, body: { values: { level: 2 } } })
  const refused = own.operator.call(setSettings, { params, body: { values: { level: 10 } } })
  await assert.rejects(refused, { code: 'setting/mismatch' })
})

describe('a publication', () => {
  test('of a revision that exists with other content names both digests', async () => {
    const other = await makeRelease({ revision: 1, files: { app: 'other' } })
    await upload(it.operator, other.bundle)
    const held = await it.role()
    const now = new Date()
    const fresh = nextVersion({ ...readSigned('targets', held), targets: {} }, 'publisher', now)
    const base = await signMetadata({ ...fresh, version: fresh.version - 1 }, [])
    const offered = await nextRole(base, [other], it.keys.publisher, now)
    await assert.rejects(putRole(it.operator, 'acme', offered), (error: Refused) => {
      assert.equal(error.code, 'release/exists')
      return /sha256:/.test(String(error.details.held))
    })
    assert.deepEqual(await it.role(), held)
  })

  test('outside the publisher’s name space names that space', async () => {
    const foreign = await makeRelease({ package: 'other/greenhouse', revision: 1 })
    await upload(it.operator, foreign.bundle)
    const offered = await nextRole(await it.role(), [foreign], it.keys.publisher, new Date())
    await assert.rejects(putRole(it.operator, 'acme', offered), (error: Refused) => {
      assert.equal(error.code, 'release/outside-name-space')
      return String(error.details.space).includes('acme/')
    })
    await assert.rejects(putRole(it.operator, 'other', offered), {
      code: 'release/outside-name-space',
    })
  })

  test('by another key than the publisher’s is refused', async () => {
    const release = await makeRelease({ revision: 9 })
    await upload(it.operator, release.bundle)
    const offered = await nextRole(await it.role(), [release], it.keys.operator, new Date())
    await assert.rejects(putRole(it.operator, 'acme', offered), { code: 'trust/threshold' })
  })

  test('whose objects have not arrived is refused', async () => {
    const release = await makeRelease({ revision: 8, files: { app: 'never sent' } })
    const offered = await nextRole(await it.role(), [release], it.keys.publisher, new Date())
    await assert.rejects(putRole(it.operator, 'acme', offered), { code: 'release/missing-object' })
  })

  test('whose catalogue entry says other than its record is refused', async () => {
    const release = await makeRelease({ revision: 7 })
    await upload(it.operator, release.bundle)
    const record = { ...release.record, version: 'another' }
    const offered = await nextRole(
      await it.role(),
      [{ ...release, record }],
      it.keys.publisher,
      new Date(),
    )
    await assert.rejects(putRole(it.operator, 'acme', offered), { code: 'release/mismatch' })
  })

  test('of a version that skips one is refused', async () => {
    const release = await makeRelease({ revision: 6 })
    await upload(it.operator, release.bundle)
    const role = await nextRole(await it.role(), [release], it.keys.publisher, new Date())
    const skipped = nextVersion(readSigned('targets', role), 'publisher', new Date())
    const offered = await signMetadata(skipped, [it.keys.publisher])
    await assert.rejects(putRole(it.operator, 'acme', offered), { code: 'trust/fast-forward' })
  })
})

describe('an upload', () => {
  test('with a byte changed is refused and begins anew', async () => {
    const { bundle } = await makeRelease({ revision: 20, files: { app: 'changed on the way' } })
    const params = { digest: digestOf(bundle) }
    const query = { offset: 0, length: bundle.length }
    const body = bundle.with(bundle.length - 9, (bundle.at(-9) ?? 0) ^ 1)
    await assert.rejects(it.operator.call(uploadPart, { params, query, body }), {
      code: 'content/wrong-digest',
    })
    assert.deepEqual(await it.operator.call(uploadOffset, { params }), {
      offset: 0,
      complete: false,
    })
    await upload(it.operator, bundle)
    assert.equal((await it.operator.call(uploadOffset, { params })).complete, true)
  })

  test('of what is no bundle stores nothing', async () => {
    const body = toUtf8('no bundle at all')
    const params = { digest: digestOf(body) }
    const query = { offset: 0, length: body.length }
    await assert.rejects(it.operator.call(uploadPart, { params, query, body }), {
      code: 'bundle/not-a-bundle',
    })
  })

  test('goes on only where it ended', async () => {
    const { bundle } = await makeRelease({ revision: 21, files: { app: 'in parts' } })
    const params = { digest: digestOf(bundle) }
    const half = Math.floor(bundle.length / 2)
    const send = (from: number, to: number) =>
      it.operator.call(uploadPart, {
        params,
        query: { offset: from, length: bundle.length },
        body: bundle.subarray(from, to),
      })
    assert.deepEqual(await send(0, half), { offset: half, complete: false })
    await assert.rejects(send(half + 1, bundle.length), (error: Refused) => {
      assert.equal(error.code, 'content/wrong-offset')
      return error.details.offset === half
    })
    assert.deepEqual(await send(half, bundle.length), { offset: bundle.length, complete: true })
    const digests = [digestOf(toUtf8('in parts')), digestOf(toUtf8('never'))]
    const { missing } = await it.operator.call(missingObjects, { body: { digests } })
    assert.deepEqual(missing, digests.slice(1))
  })
})

describe('a report', () => {
  test('that another key signed is refused', async () => {
    await assert.rejects(device.checkIn({ by: signerFromSeed(randomBytes(32)) }), {
      code: 'trust/threshold',
    })
  })

  test('about another device is refused', async () => {
    const other = await it.join({ name: 'other' })
    await assert.rejects(other.checkIn({ device: device.id }), { code: 'device/wrong-report' })
  })
})

describe('an order', () => {
  test('of a revision that was never published can’t be given', async () => {
    const params = { device: device.id, ...greenhouse }
    await assert.rejects(it.operator.call(tryRelease, { params, body: { revision: 99 } }), {
      code: 'release/unknown',
    })
    await assert.rejects(moveStable(it.operator, 99), { code: 'release/unknown' })
  })

  test('may not go below the floor of a later release', async () => {
    await it.publish({ revision: 2, floor: 2 })
    await assert.rejects(moveStable(it.operator, 1), { code: 'release/below-floor' })
    const rollouts = await it.operator.call(listRollouts, {})
    assert.equal(rollouts.length, 1)
  })

  test('may not leave out what the model requires', async () => {
    const params = { fleet, ...greenhouse }
    await assert.rejects(it.operator.call(unfollowPackage, { params }), {
      code: 'fleet/required-package',
    })
  })
})

describe('a browser', () => {
  test('signs in once with a link, and writes from our own pages alone', async () => {
    const { token } = await it.operator.call(createSignInLink, {})
    const signIn = () =>
      fetch(`${it.origin()}/v1/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      })
    const reply = await signIn()
    const cookie = reply.headers.get('set-cookie') ?? ''
    assert.match(cookie, /^steadfleet=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/)
    assert.equal((await signIn()).status, 403)

    const session = { cookie: cookie.split(';')[0] ?? '' }
    const me = await fetch(`${it.origin()}${whoAmI.path}`, { headers: session })
    assert.equal(((await me.json()) as { name: string }).name, 'operator')

    const write = (headers: Record<string, string>) =>
      fetch(`${it.origin()}/v1/sign-in-links`, {
        method: 'POST',
        headers: { ...session, ...headers },
      })
    assert.equal((await write({})).status, 403)
    assert.equal((await write({ origin: 'http://evil.example' })).status, 403)
    assert.equal((await write({ origin: it.origin() })).status, 200)

    await fetch(`${it.origin()}/v1/sign-out`, { method: 'POST', headers: session })
    assert.equal((await fetch(`${it.origin()}${whoAmI.path}`, { headers: session })).status, 401)
    assert.equal(it.server().log().includes(session.cookie), false)
    assert.equal(it.server().log().includes(token), false)
  })
})

type Refused = Error & { code: string; details: Record<string, unknown> }

function tokenOf(secret: string): string {
  return `sf1.${Buffer.from(JSON.stringify({ secret })).toString('base64url')}`
}

function refusalsIn(log: string): number {
  return log.match(/enrolment\/refused/g)?.length ?? 0
}

/** What the server has logged, the refusal of a request made just now included. */
async function logUpToNow(): Promise<string> {
  const mark = randomBytes(32).toString('hex')
  await (await fetch(`${it.origin()}/v1/objects/sha256:${mark}`)).text()
  await it.server().hasLogged(mark)
  return it.server().log()
}

async function ordersNow(): Promise<number[]> {
  const devices = await it.operator.call(listDevices, { params: { fleet } })
  return devices.map(({ orderedCounter }) => orderedCounter)
}
