import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { type NoticeData, type NoticeKind, toTimestamp } from '@steadfleet/domain'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { putAlertRule } from './acts/alerts.ts'
import { chooseMail, claimMail, settleMail } from './acts/mail.ts'
import { count, notify } from './acts/notices.ts'
import { openMailer } from './mail/mailer.ts'
import { mailDue } from './mail/postman.ts'
import type { Db } from './store/schema.ts'
import { inFleet, noon } from './testing/test-rollout.ts'

const after = (seconds: number): string => toTimestamp(new Date(Date.parse(noon) + seconds * 1000))

describe('a person who chose mail', () => {
  test('has one mail of a thousand failures, and the next one after a while', () =>
    inFleet(1, async ({ db }) => {
      await using server = await openMailServer()
      const mailer = openMailer({ url: server.url, from: 'steadfleet@example.com' })
      let now = new Date(noon)
      const commands = { claimMail, settleMail } as unknown as Record<string, Write>
      const write = (name: string, input: unknown) => commands[name]?.(db, input)
      const world = { now: () => now }
      const place = { store: { db, write }, world, origins: ['https://fleet.example'], mailer }
      const deliver = () => mailDue(place as never)
      await admit(db, 'ada', 'home', 'operator')
      await admit(db, 'eve', 'elsewhere', 'operator')
      await admit(db, 'pat', 'home', 'publisher')
      for (let i = 0; i < 1000; i++) await fail(db, `fault ${i}`, noon)
      assert.deepEqual(await deliver(), [])
      assert.equal(server.got.length, 0)
      now = new Date(after(60))
      await deliver()
      await deliver()
      assert.equal(server.got.length, 1)
      const [mail] = server.got
      assert.deepEqual(mail?.to, ['ada@example.com'])
      assert.match(mail?.text ?? '', /Subject: Steadfleet: 1000 notices/)
      assert.match(mail?.text ?? '', /fault 999/)
      assert.match(mail?.text ?? '', /and 950 earlier ones/)
      assert.match(mail?.text ?? '', /https:\/\/fleet\.example/)
      await fail(db, 'one\r\nBcc: eve@example.com', after(61))
      now = new Date(after(300))
      await deliver()
      assert.equal(server.got.length, 1)
      now = new Date(after(700))
      await deliver()
      assert.equal(server.got.length, 2)
      assert.deepEqual(server.got[1]?.to, ['ada@example.com'])
      assert.match(server.got[1]?.text ?? '', /Subject: Steadfleet: \[home\].*one Bcc: eve/)
    }))

  test('is written to again where the mail server was away, and told nothing of why', () =>
    inFleet(1, async ({ db }) => {
      await admit(db, 'ada', 'home', 'viewer')
      await fail(db, 'fault', noon)
      const [claimed] = await claimMail(db, { now: after(60), until: after(660) })
      assert.equal(claimed?.count, 1)
      assert.deepEqual(await claimMail(db, { now: after(61), until: after(661) }), [])
      const failed = { person: 'per_ada', last: claimed?.last ?? 0, said: 'ECONNREFUSED' }
      await settleMail(db, { ...failed, now: after(62), nextAt: after(90) })
      const [again] = await claimMail(db, { now: after(90), until: after(660) })
      assert.deepEqual([again?.count, again?.attempts], [1, 1])
    }))
})

describe('mail', () => {
  test('is sent as the user of the server, and never to one that nobody vouches for', async () => {
    await using server = await openMailServer({ user: 'fleet', pass: 'p@ss' })
    const { port } = new URL(server.url)
    const from = 'steadfleet@example.com'
    const mail = { to: 'ada@example.com', subject: 'hello', text: 'there' }
    const login = `smtp://fleet:p%40ss@127.0.0.1:${port}`
    await openMailer({ url: login, from }).send(mail)
    assert.equal(server.got.length, 1)
    const wrong = login.replace('p%40ss', 'other')
    await assert.rejects(openMailer({ url: wrong, from }).send(mail), { code: 'EAUTH' })
    // By name it is no loopback: the password crosses only TLS, and this certificate is signed by itself.
    const named = login.replace('127.0.0.1', 'localhost')
    await assert.rejects(openMailer({ url: named, from }).send(mail), /certificate/)
    assert.equal(server.got.length, 1)
  })
})

describe('a rule of a fleet', () => {
  test('tells once in its window that as much was counted as it allows', () =>
    inFleet(1, async ({ db }) => {
      const rule = { fleet: 'home', name: 'flood', counts: 'failure' } as const
      await putAlertRule(db, { ...rule, atLeast: 10, withinSeconds: 600 })
      const counted = (times: number, now: string) =>
        count(db, { fleet: 'home', counts: 'failure', times, now })
      const told = async () =>
        (await db.selectFrom('notice').select('data').where('kind', '=', 'alert.raised').execute())
          .length
      await counted(9, noon)
      assert.equal(await told(), 0)
      await counted(9, after(720))
      assert.equal(await told(), 0)
      await counted(1, after(730))
      await counted(50, after(740))
      assert.equal(await told(), 1)
      await counted(10, after(1500))
      assert.equal(await told(), 2)
    }))

  test('counts notices too, and of silence each device', () =>
    inFleet(1, async ({ db }) => {
      const rule = { fleet: 'home', name: 'quiet', counts: 'device.silent' } as const
      await putAlertRule(db, { ...rule, atLeast: 20, withinSeconds: 600 })
      const data = { fleet: 'home' as never, count: 25, devices: [] }
      await notify(db, { kind: 'device.silent', fleet: 'home', data, now: noon })
      const kinds = await db.selectFrom('notice').select('kind').orderBy('id').execute()
      assert.deepEqual(
        kinds.map(({ kind }) => kind),
        ['device.silent', 'alert.raised'],
      )
    }))
})

type Write = (db: Db, input: unknown) => Promise<unknown>

async function admit(db: Db, name: string, fleet: string, role: string): Promise<void> {
  const person = `per_${name}`
  await db.insertInto('person').values({ id: person, name, made_at: noon }).execute()
  await db.insertInto('membership').values({ person, fleet, role }).execute()
  const kinds: NoticeKind[] = ['failure.new']
  await chooseMail(db, { person, address: `${name}@example.com`, kinds })
}

function fail(db: Db, title: string, now: string): Promise<void> {
  const data: NoticeData<'failure.new'> = {
    ...{ fleet: 'home' as never, defect: 1, package: 'acme/greenhouse' as never, revision: 1 },
    ...{ state: 'open', kind: 'crash', title, device: 'dev_0123456789abcdefghij' as never },
  }
  return notify(db, { kind: 'failure.new', fleet: 'home', data, now })
}

interface MailServer extends AsyncDisposable {
  readonly url: string
  readonly got: { readonly to: string[]; readonly text: string }[]
}

async function openMailServer(login?: { user: string; pass: string }): Promise<MailServer> {
  const got: { to: string[]; text: string }[] = []
  const options: SMTPServerOptions = {
    authOptional: login === undefined,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => {
      const isRight = username === login?.user && password === login?.pass
      done(isRight ? null : new Error('no'), { user: username })
    },
    onData: async (stream, { envelope }, done) => {
      const parts: Buffer[] = []
      for await (const part of stream) parts.push(part)
      const text = Buffer.concat(parts).toString().replace(/=\r\n/g, '').replace(/\r\n /g, ' ')
      got.push({ to: envelope.rcptTo.map(({ address }) => address), text })
      done()
    },
  }
  const server = new SMTPServer(options)
  server.on('error', () => undefined)
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return {
    got,
    url: `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())),
  }
}
