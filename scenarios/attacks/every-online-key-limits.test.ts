import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'node:test'
import { makePolicy, releaseTarget, signStatement } from '../../packages/authority/src/index.ts'
import type { Digest } from '../../packages/base/src/index.ts'
import { ownArchitecture } from '../../packages/cli/src/machine.ts'
import { publishPackage } from '../../packages/cli/src/publish/publish.ts'
import { parseReleaseRecord } from '../../packages/domain/src/index.ts'
import { deviceTimeline, getPolicy, putPolicy } from '../../packages/protocol/src/index.ts'
import { payloadTypes, reopenPolicy } from '../../packages/trust/src/index.ts'
import { whyNoPage, writePage } from '../page.ts'
import type { Siege } from '../siege.ts'
import { freePort } from '../stage.ts'
import { attack, describeRow, pageOf, type Scene } from './attack.ts'
import { heldOrder, type Orderable, ordered, published, signOrder } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'
import { objectPath, type Vault } from './vault.ts'

/**
 * What a thief of every online key may do, and where it ends: he orders what was published, at or above
 * each floor, with what its manifest declares and the owner's ceiling allows. And it is seen.
 */
describe('every online key and file', { skip: whyNoPage() }, () => {
  describeRow(
    'an earlier revision is ordered: one at the floor or above is taken and told',
    {
      without: {
        file: 'packages/trust/src/agreement.ts',
        before: 'if (revision >= floor) return',
        after: 'return',
      },
    },
    {
      'and one below the floor is refused': async scene => {
        const { siege, device } = scene
        await device.order(revisions.afterNext)
        await device.runs(revisions.afterNext)
        await orderAsThief(scene, revisions.next, revisions.held)
        await device.serves(revisions.next)
        const said = `page from revision ${revisions.afterNext} to ${revisions.next}`
        await siege.until('the change told', async () => {
          const params = { device: device.id }
          const told = await siege.fleet.client.call(deviceTimeline, { params })
          return told.find(({ event }) => event.message.includes(said))
        })
        await siege.until('the revision seen', async () => {
          const { releases } = await device.view()
          return releases.some(({ revision }) => revision === revisions.next) || undefined
        })
        await orderAsThief(scene, revisions.old, revisions.next)
        await device.refusal(/^trust\/below-floor$/)
        assert.equal(await device.page(), pageOf(revisions.next))
        device.proxy.rule = undefined
        await device.order(revisions.afterNext)
        await device.runs(revisions.afterNext)
      },
      'and one below the floor runs where there is none': async scene => {
        await orderAsThief(scene, revisions.old, revisions.next)
        await scene.device.serves(revisions.old)
      },
    },
  )
})

/** In place of what the server orders, which is what makes the device ask. */
async function orderAsThief(
  { device, vault }: Scene,
  revision: number,
  honest: number,
): Promise<void> {
  const releases = ordered(device, published(vault, revision))
  await mount(device.proxy, { order: await signOrder(vault, device, { releases }) })
  await device.order(honest)
}

const spyPorts = new Map<string, number>()
const spies = new WeakMap<Siege, Promise<Orderable>>()

attack(
  {
    attack: 'every online key and file: a package is granted what the owner’s ceiling refuses it',
    code: /^trust\/not-allowed$/,
    without: {
      file: 'packages/trust/src/agreement.ts',
      before: "return packages.includes('*') || packages.includes(ordered.package)",
      after: 'return packages !== undefined',
    },
    strike: async scene => {
      const { siege, device, vault } = scene
      const spying = spies.get(siege) ?? publishSpy(scene)
      spies.set(siege, spying)
      const [spy] = ordered(device, await spying)
      if (spy === undefined) throw new RangeError(`${device.name} runs nothing`)
      const port = await freePort()
      spyPorts.set(device.name, port)
      const above = { ...spy, settings: { port }, grants: ['network-listen'] }
      const releases = [...heldOrder(device).releases, above]
      await mount(device.proxy, { order: await signOrder(vault, device, { releases }) })
      await device.order(revisions.next)
    },
    isWon: async ({ device }) => {
      const port = spyPorts.get(device.name)
      if (port === undefined) return false
      const look = fetch(`http://127.0.0.1:${port}/`).then(reply => reply.text())
      // Refused where nothing listens.
      return (await look.catch(String)) === pageOf(1)
    },
  },
  {
    attack: 'every online key and file: a setting is ordered that the manifest does not declare',
    code: /^agent\/settings$/,
    without: {
      file: 'packages/agent/src/trust/resolve.ts',
      before: 'if (fault === undefined) return effectiveSettings(declared, given)',
      after: 'if (given) return { ...effectiveSettings(declared, given), ...given }',
    },
    strike: async ({ device, vault }) => {
      const releases = ordered(device, published(vault, revisions.held)).map(one => ({
        ...one,
        settings: { ...one.settings, shell: 'rm -r /' },
      }))
      await mount(device.proxy, { order: await signOrder(vault, device, { releases }) })
      await device.order(revisions.next)
    },
    isWon: ({ device }) =>
      globSync(join(device.state, 'data/acme.page/*.settings.json')).some(file =>
        readFileSync(file, 'utf8').includes('shell'),
      ),
  },
)

/** An honest package that wants to listen, and an owner who lets none but the page do so. */
async function publishSpy({ siege, vault }: Scene): Promise<Orderable> {
  await closeToAllButPage(siege, vault)
  const path = writePage(join(siege.directory, 'spy'), 1, { isWatched: false })
  const manifest = join(path, 'steadfleet.yaml')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('name: page', 'name: spy'))
  const { releases } = await publishPackage(siege.fleet, {
    path,
    revision: 1,
    architectures: [ownArchitecture()],
    cache: join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache'),
    now: new Date(),
    say: () => undefined,
  })
  const digest = releases[0]?.record as Digest
  const bytes = new Uint8Array(readFileSync(objectPath(vault, digest)))
  const record = parseReleaseRecord(JSON.parse(Buffer.from(bytes).toString()))
  return { record, named: releaseTarget(record, bytes), digest }
}

async function closeToAllButPage({ fleet }: Siege, { offline }: Vault): Promise<void> {
  const held = reopenPolicy(await fleet.client.call(getPolicy, {}))
  const ceiling = new Map([['network-listen', ['acme/page']]])
  const next = makePolicy({ ...held, version: held.version + 1, ceiling }, new Date())
  const signers = offline.owner.slice(0, 2)
  const { signatures, ...sealed } = await signStatement(payloadTypes.policy, next, signers)
  await fleet.client.call(putPolicy, { body: { ...sealed, signatures: [...signatures] } })
}
