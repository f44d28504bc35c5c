import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { toBase64Url, toCanonical } from '@steadfleet/base'
import { parseCommand } from './command.ts'
import { type Paths, pathsOf } from './disk/paths.ts'
import { joinFleet } from './server/enrol.ts'
import { makeTransport } from './server/http.ts'
import { PretendFleet } from './testing/pretend-fleet.test.ts'
import { type EnrolmentToken, parseToken } from './trust/enrolment.ts'
import { readIdentity } from './trust/identity.ts'

const digest = `sha256:${'0'.repeat(64)}`
const token = {
  origin: 'http://127.0.0.1:1',
  secret: 'a-secret-of-twenty-letters',
  catalogueRoot: digest,
  ownerRoot: digest,
  log: 'none',
}

describe('a command', () => {
  const rows: [args: string, does: string | undefined][] = [
    ['run --state d', 'run'],
    ['join sf1.x --state d --name n --model m --json', 'join'],
    ['', 'help'],
    ['--help', 'help'],
    ['run', undefined],
    ['join --state d', undefined],
    ['dance --state d', undefined],
    ['run --state d --fast', undefined],
    ['join a b --state d', undefined],
  ]
  for (const [args, does] of rows) {
    test(`"${args}" is ${does ?? 'refused'}`, () => {
      const parse = () => parseCommand(args.split(' ').filter(Boolean))
      if (does) assert.equal(parse().does, does)
      else assert.throws(parse, { code: 'agent/usage' })
    })
  }
})

describe('an enrolment token', () => {
  test('says where to join and which first roots count', () => {
    assert.deepEqual(parseToken(textOf(token)), token)
  })

  const rows: [what: string, text: string][] = [
    ['of another kind', 'sf2.abc'],
    ['that is no base64url', 'sf1.###'],
    ['that holds no JSON', `sf1.${toBase64Url(Buffer.from('hello'))}`],
    ['without a server', textOf({ ...token, origin: 'nowhere' })],
    ['without a secret', textOf({ ...token, secret: '' })],
    ['with a log that is neither none nor a digest', textOf({ ...token, log: 'some' })],
    ['with a digest of another form', textOf({ ...token, ownerRoot: 'md5:1' })],
  ]
  for (const [what, text] of rows) {
    test(`${what} is refused`, () => assert.throws(() => parseToken(text), { code: 'agent/token' }))
  }
})

describe('a device that joins', () => {
  test('keeps its key to itself, and joins no second time', () =>
    withFleet(async ({ fleet, paths, enter }) => {
      const { device } = await enter(parseToken(fleet.token))
      assert.match(device, /^dev_/)
      assert.equal((await stat(paths.deviceKey)).mode & 0o777, 0o600)
      await assert.rejects(enter(parseToken(fleet.token)), { code: 'agent/joined' })
    }))

  const roots = ['catalogueRoot', 'ownerRoot', 'log'] as const
  for (const root of roots) {
    test(`takes no ${root} but the one in its token`, () =>
      withFleet(async ({ fleet, paths, enter }) => {
        const other = { ...parseToken(fleet.token), [root]: digest } as EnrolmentToken
        await assert.rejects(enter(other), { code: 'trust/first-root' })
        await assert.rejects(readIdentity(paths), { code: 'agent/not-joined' })
      }))
  }

  test('hears that its token is not taken, and may try again with another', () =>
    withFleet(async ({ fleet, enter }) => {
      const good = parseToken(fleet.token)
      const used = { ...good, secret: 'another-secret-altogether' }
      await assert.rejects(enter(used), { code: 'enrolment/refused' })
      await enter(good)
    }))
})

interface Stage {
  readonly fleet: PretendFleet
  readonly paths: Paths
  readonly enter: (token: EnrolmentToken) => ReturnType<typeof joinFleet>
}

async function withFleet(story: (stage: Stage) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start()
  const directory = await mkdtemp(join(tmpdir(), 'steadfleet-join-'))
  const paths = pathsOf(join(directory, 'state'))
  const transport = makeTransport()
  const rest = { name: 'n', model: '', architecture: 'amd64', seed: new Uint8Array(32) } as const
  try {
    const enter = (given: EnrolmentToken) => joinFleet(paths, transport, { token: given, ...rest })
    await story({ fleet, paths, enter })
  } finally {
    transport.close()
    await fleet.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function textOf(value: object): string {
  return `sf1.${toBase64Url(toCanonical(value))}`
}
