import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parsePackageName } from '@steadfleet/domain'
import { agentName, publishAgent } from '../../packages/agent/src/testing/launched-agent.test.ts'
import type { PretendFleet, Release } from '../../packages/agent/src/testing/pretend-fleet.test.ts'
import { damageable } from './mischief.ts'
import {
  type Manner,
  type Published,
  published,
  publishedAgents,
  type Revisions,
} from './published.ts'

const busybox = readFileSync('/bin/busybox')

/** The ports on which the apps of one laboratory answer, by package. */
export type Ports = Readonly<Record<string, number>>

/** All that was ever published, by `package revision`. */
export type Shelf = ReadonlyMap<string, Release>

export async function publishAll(fleet: PretendFleet, ports: Ports): Promise<Shelf> {
  const shelf = new Map<string, Release>()
  for (const one of published) {
    shelf.set(`${one.package} ${one.revision}`, await publish(fleet, one, ports))
  }
  for (const [revision, first] of Object.entries(publishedAgents)) {
    shelf.set(`${agentName} ${revision}`, await publishAgent(fleet, Number(revision), first))
  }
  return shelf
}

/** The file of an app's data in which its starts and migrations leave a word each. */
export function historyOf(name: string): string {
  return name.replace('/', '.')
}

/**
 * The words in such a file. Where one was not durable yet the file may be as long as if it were, with zeros at
 * its end: ext4 orders only what is written to new blocks before the length.
 */
export function wordsIn(text: string): string[] {
  return text
    .replaceAll('\0', '')
    .split('\n')
    .filter(word => word !== '')
}

export function releasesOf(shelf: Shelf, revisions: Revisions): Release[] {
  return Object.entries(revisions).map(([name, revision]) => {
    const release = shelf.get(`${name} ${revision}`)
    if (release === undefined) throw new RangeError(`nobody published ${name} ${revision}`)
    return release
  })
}

/** A release whose app appends its revision to a file, durably, and gives that file to who asks. */
function publish(fleet: PretendFleet, one: Published, ports: Ports): Promise<Release> {
  const { revision, manner, migrates, together } = one
  const port = ports[one.package] ?? 0
  const shell = (script: string) => ['bin/busybox', 'sh', '-c', script]
  const health = {
    http: { port, path: `/${historyOf(one.package)}` },
    'start-seconds': startSeconds[manner],
  }
  const main = {
    command: shell(`${note(one, `${revision}`)}; ${deeds[manner](port)}`),
    health,
    'stop-timeout-seconds': 1,
  }
  const migration = migrates && {
    hooks: { migrate: shell(`${note(one, `m${revision}`)}; exit ${migrates === 'well' ? 0 : 1}`) },
  }
  return fleet.publish(one.package, revision, filesOf(one), {
    behaviour: {
      apps: { main },
      interfaces: [{ interface: 'network-listen', ports: [{ port }] }],
      ...migration,
      ...(together && { 'together-with': [parsePackageName(together)] }),
    },
  })
}

/** A good release may take its time on a machine that is busy; a bad one is given little. */
const startSeconds: Readonly<Record<Manner, number>> = {
  well: 120,
  'never answers': 1,
  'dies late': 120,
}

const answer = (port: number) => `bin/busybox httpd -f -p ${port} -h /data`

const deeds: Readonly<Record<Manner, (port: number) => string>> = {
  well: port => `exec ${answer(port)}`,
  'never answers': () => 'exec bin/busybox sleep 1000',
  'dies late': port => `${answer(port)} & bin/busybox sleep 0.7; exit 3`,
}

/**
 * One write, and made durable before anybody can have been told of it. The line's end comes first: of a word
 * that arrives in half nothing is left that the next one could be taken for.
 */
function note({ package: name }: Published, word: string): string {
  const file = historyOf(name)
  return `printf '\\n${word}' | bin/busybox dd of=/data/${file} oflag=append conv=notrunc,fsync 2>/dev/null`
}

/** What pretended apps read of how they shall behave. */
const pretended: Readonly<Record<Manner, string>> = {
  well: 'well',
  'never answers': 'sick',
  'dies late': 'dies',
}

function filesOf({
  package: name,
  revision,
  manner,
}: Published): Record<string, string | Uint8Array> {
  const own = Array.from({ length: 3 }, (_, i) => [`part-${i}`, noise(`${name} ${revision} ${i}`)])
  return {
    'bin/busybox': busybox,
    'bin/main': pretended[manner],
    'doc/notes': `${damageable}${name} ${revision}\n`,
    'doc/kept': `${damageable}every revision of ${name}\n`,
    ...Object.fromEntries(own),
  }
}

/** 16 KiB that do not compress, the same in each run. */
function noise(seed: string): Uint8Array {
  const blocks = Array.from({ length: 512 }, (_, i) =>
    createHash('sha256').update(`${seed} ${i}`).digest(),
  )
  return new Uint8Array(Buffer.concat(blocks))
}
