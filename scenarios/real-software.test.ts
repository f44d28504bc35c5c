import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { listFailures } from '../packages/protocol/src/index.ts'
import { freePort, openStory, type Story } from './stage.ts'

const checkout = join(import.meta.dirname, '..')
const cache = join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache')

/** The two that bookworm has in its suites; where one is gone, the two newest that can be had. */
const wanted: Readonly<Record<string, readonly [older: string, newer: string]>> = {
  mosquitto: ['2.0.11-1.2+deb12u1', '2.0.11-1.2+deb12u2'],
  nginx: ['1.22.1-9+deb12u9', '1.22.1-9+deb12u10'],
}

const unusable =
  process.arch === 'x64' ? missingSoftware() : 'the example trees carry the x64 runtime alone'

describe('Debian’s mosquitto', { skip: unusable }, () => {
  test('is updated, and returns from a broken revision with the messages it held', async t => {
    const story = await openStory(t, cache)
    const port = await freePort()
    const [older, newer] = versionsOf('mosquitto')
    const folder = exampleOf(story, 'mosquitto', text =>
      text.replace('listener 1883', `listener ${port}`).replace('port: 1883', `port: ${port}`),
    )
    execFileSync(process.execPath, [join(checkout, 'examples/mosquitto/build.mjs')])
    cpSync(join(checkout, 'examples/mosquitto/built'), join(folder, 'built'), { recursive: true })
    const broker = `mqtt://${new URL(story.actor.url).hostname}:${port}`

    await release(story, folder, older, 1)
    await retain(broker, 'greenhouse/door', 'open')
    await release(story, folder, newer, 2)
    assert.equal(await recall(broker, 'greenhouse/door'), 'open')
    await retain(broker, 'greenhouse/window', 'shut')

    edit(join(folder, 'config/steadfleet.conf'), text =>
      text.replace(/^listener .*$/m, 'listener none'),
    )
    await releaseBroken(story, folder, /listener|port/i)
    assert.equal(await recall(broker, 'greenhouse/door'), 'open')
    assert.equal(await recall(broker, 'greenhouse/window'), 'shut')
  })
})

describe('Debian’s nginx', { skip: unusable }, () => {
  test('is updated, and returns from a broken revision to what served before', async t => {
    const story = await openStory(t, cache)
    const port = await freePort()
    const [older, newer] = versionsOf('nginx')
    const folder = exampleOf(story, 'nginx', text => text.replaceAll('8088', String(port)))
    const page = `http://${new URL(story.actor.url).hostname}:${port}/`

    await release(story, folder, older, 1)
    assert.match(await serverOf(page), /^nginx\/1\.22/)
    await release(story, folder, newer, 2)
    assert.match(await serverOf(page), /^nginx\/1\.22/)

    edit(join(folder, 'config/steadfleet.conf'), text => text.replace('events {}', 'events {'))
    await releaseBroken(story, folder, /steadfleet\.conf/)
    assert.match(await serverOf(page), /^nginx\/1\.22/)
  })
})

async function release(
  story: Story,
  folder: string,
  version: string,
  revision: number,
): Promise<void> {
  edit(join(folder, 'steadfleet.yaml'), text =>
    text
      .replace(/^version: .*$/m, `version: ${version}`)
      .replace(/(debian: \[\w+=)[^\]]+/, `$1${version}`),
  )
  const published = await story.publish(folder)
  const rollout = await story.roll(published)
  assert.equal(rollout.state, 'done', rollout.why)
  const { releases } = await story.device()
  assert.deepEqual(
    releases.map(({ version: runs, revision: of }) => [runs, of]),
    [[version, revision]],
  )
}

/** Revision 3 must be tried, told with its log, and left for revision 2. */
async function releaseBroken(story: Story, folder: string, said: RegExp): Promise<void> {
  const rollout = await story.roll(await story.publish(folder))
  assert.equal(rollout.state, 'halted')
  const device = await story.settled()
  assert.deepEqual([device.state, device.releases[0]?.revision], ['restored', 2])
  const [{ failure } = assert.fail('no failure was reported')] =
    await story.stage.fleet.client.call(listFailures, { query: {} })
  assert.equal(failure.revision, 3)
  assert.match(failure.log.join('\n'), said)
}

/** A device says that it has gone back as soon as its app was started, which is before it listens. */
async function reached<T>(connect: () => Promise<T>): Promise<T> {
  const end = performance.now() + 30_000
  for (;;) {
    try {
      return await connect()
    } catch (error) {
      if (performance.now() > end) throw error
      await wait(100)
    }
  }
}

const reach = (broker: string) => reached(() => connectAsync(broker, { reconnectPeriod: 0 }))

async function retain(broker: string, topic: string, message: string): Promise<void> {
  const client = await reach(broker)
  await client.publishAsync(topic, message, { qos: 1, retain: true })
  await client.endAsync()
}

async function recall(broker: string, topic: string): Promise<string> {
  const client = await reach(broker)
  const { promise, resolve } = Promise.withResolvers<string>()
  client.on('message', (_, payload) => resolve(payload.toString()))
  await client.subscribeAsync(topic, { qos: 1 })
  const message = await promise
  await client.endAsync()
  return message
}

async function serverOf(page: string): Promise<string> {
  const reply = await reached(() => fetch(page))
  assert.match(await reply.text(), /confined nginx/)
  return reply.headers.get('server') ?? ''
}

/** A copy of an example that the test may edit; its way to the pinned runtime still leads there. */
function exampleOf(story: Story, name: string, change: (text: string) => string): string {
  const folder = join(story.directory, 'examples', name)
  mkdirSync(folder, { recursive: true })
  cpSync(join(checkout, 'examples', name), folder, { recursive: true })
  const modules = join(story.directory, 'node_modules')
  if (!existsSync(modules)) symlinkSync(join(checkout, 'node_modules'), modules)
  for (const file of ['steadfleet.yaml', 'config/steadfleet.conf']) edit(join(folder, file), change)
  return folder
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')))
}

function versionsOf(name: string): readonly [older: string, newer: string] {
  const versions = versionsKnown(name)
  const [older, newer] = wanted[name]!
  if (versions.includes(older) && versions.includes(newer)) return [older, newer]
  const [newest, before] = versions
  return newest && before ? [before, newest] : assert.fail(`apt has no two versions of ${name}`)
}

/** Newest first. */
function versionsKnown(name: string): readonly string[] {
  const listed = execFileSync('apt-cache', ['madison', name], { encoding: 'utf8' })
  return [...new Set(listed.split('\n').flatMap(line => line.split('|')[1]?.trim() || []))]
}

function missingSoftware(): string | false {
  const tools = ['/usr/bin/apt-get', '/usr/bin/dpkg-deb', '/usr/bin/bwrap']
  const missing = tools.find(tool => !existsSync(tool))
  if (missing) return `${missing} is not on this machine`
  const name = Object.keys(wanted).find(one => versionsKnown(one).length < 2)
  return name !== undefined && `apt knows no two versions of ${name}: run apt-get update`
}
