import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isCoded } from '../../packages/base/src/index.ts'
import type { Fleet } from '../../packages/cli/src/fleet/open.ts'
import { ownArchitecture } from '../../packages/cli/src/machine.ts'
import { publishPackage } from '../../packages/cli/src/publish/publish.ts'
import { putRole } from '../../packages/server/src/testing/test-release.ts'
import { writePage } from '../page.ts'
import type { Siege } from '../siege.ts'
import { attack, type Scene } from './attack.ts'
import { growRole, type Orderable, ordered, published, signOnline, signOrder } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'
import { replaceLoggedKeys } from './recover.ts'
import { steadfleet, steadfleetAll } from './steadfleet.ts'
import { forgedRuns } from './thief.ts'

/** The thief's, whose page says so: the same as that of every forged one. */
const revision = 9

/** What was done once in a fleet, for both of its devices. */
const thefts = new WeakMap<Siege, Promise<Orderable>>()

/**
 * The thief has the publisher's whole machine: he signs a release, and server and log take it. The
 * publisher's monitor says so, and what it says is revoked by its digest.
 */
function publishedAndRevoked(scene: Scene, revoke: (digest: string) => readonly string[]) {
  const { siege, vault } = scene
  const theft = thefts.get(siege) ?? act()
  thefts.set(siege, theft)
  return theft

  async function act(): Promise<Orderable> {
    await publishAsThief(siege)
    const stolen = published(vault, revision)
    await assertAlarmed(siege, `release ${stolen.named.path}`)
    await steadfleetAll(siege.fleet.home, revoke(stolen.digest))
    return stolen
  }
}

/** From a copy of the publisher's folder: its own list of what it signed never hears of it. */
async function publishAsThief({ directory, fleet }: Siege): Promise<void> {
  const { home, client } = fleet
  const copy = join(directory, 'thief')
  const server = join(home.directory, 'server')
  cpSync(home.directory, copy, { recursive: true, filter: path => path !== server })
  const thief: Fleet = { home: { ...home, directory: copy }, client }
  await publishPackage(thief, {
    path: writePage(join(directory, 'page-of-thief'), revision, { isWatched: false }),
    revision,
    architectures: [ownArchitecture()],
    cache: join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache'),
    now: new Date(),
    say: () => undefined,
  })
}

async function assertAlarmed({ fleet }: Siege, about: string): Promise<void> {
  const { exit, said, code } = await steadfleet(fleet.home, 'log monitor --once')
  assert.deepEqual([exit, code], [8, 'cli/not-ours'])
  const foreign = said.filter(one => one.kind === 'foreign').map(one => one.about)
  assert.deepEqual(foreign, [about])
}

attack(
  {
    // As docs/runbooks/publisher-key-stolen.md says. What is ordered at the end was signed by the old key.
    attack: 'publisher key stolen, then replaced: the release that it signed is ordered',
    code: /^trust\/not-published$/,
    without: {
      file: 'packages/trust/src/agreement.ts',
      before: 'if (!agreement.running?.has(ordered.record.digest)) throw error',
      after: '',
    },
    log: 'own',
    strike: async scene => {
      const stolen = await publishedAndRevoked(scene, digest => [
        'keys make publisher-acme-2 --unencrypted',
        `targets begin --remove acme=publisher-acme --add acme=publisher-acme-2 --revoke ${digest} --out stolen.draft`,
        'targets sign stolen.draft --key targets-1 --key targets-2 --key publisher-acme-2',
        'targets apply stolen.draft',
      ])
      const { device, vault } = scene
      const releases = ordered(device, stolen)
      await mount(device.proxy, { order: await signOrder(vault, device, { releases }) })
      await device.order(revisions.next)
    },
    isWon: forgedRuns,
  },
  {
    attack: 'publisher key stolen, and still good: what was revoked by its digest is signed again',
    code: /^trust\/revoked$/,
    without: {
      file: 'packages/trust/src/delegation.ts',
      before: 'if (!revoked.includes(digest)) return target',
      after: 'return target',
    },
    log: 'own',
    strike: async scene => {
      const stolen = await publishedAndRevoked(scene, digest => [
        `targets begin --revoke ${digest} --out listed.draft`,
        'targets sign listed.draft --key targets-1 --key targets-2 --key publisher-acme',
        'targets apply listed.draft',
      ])
      const { siege, device, vault } = scene
      const role = await growRole(vault, 'acme', [stolen.named], [vault.offline.acme])
      const again = putRole(siege.fleet.client, 'acme', role)
      await assert.rejects(again, error => isCoded(error, 'authority/revoked'))
      // So he needs the server's keys too.
      const files = await signOnline(vault, new Map([['acme', role]]))
      const order = await signOrder(vault, device, { releases: ordered(device, stolen) })
      await mount(device.proxy, { files, order })
      await device.order(revisions.next)
    },
    isWon: forgedRuns,
    recover: replaceLoggedKeys,
  },
)
