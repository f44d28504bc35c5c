import { makePolicy, signStatement } from '../../packages/authority/src/index.ts'
import type { PackageName } from '../../packages/domain/src/index.ts'
import { getPolicy, putPolicy } from '../../packages/protocol/src/index.ts'
import { payloadTypes, reopenPolicy } from '../../packages/trust/src/index.ts'
import { attack, type Scene } from './attack.ts'
import { forgeRevision, growRole, ordered, pageOfForged, signOnline, signOrder } from './forge.ts'
import { mount } from './mirror.ts'
import { replaceOnlineKeys } from './recover.ts'

/** With the server's keys too, the thief publishes as acme and orders what he published. */
async function publishAndOrder({ device, vault }: Scene, name: string): Promise<void> {
  const forged = forgeRevision(vault, 9, { package: name as PackageName })
  const role = await growRole(vault, 'acme', [forged.named], [vault.offline.acme])
  const files = await signOnline(vault, new Map([['acme', role]]))
  const order = await signOrder(vault, device, { releases: ordered(device, forged) })
  await mount(device.proxy, { files, order, objects: forged.objects })
  // It looks at once when it starts; the server itself would order nothing of a refused publisher.
  await device.agent().stop(10_000)
  await device.start()
}

attack(
  {
    attack: 'publisher key stolen: a release is signed into another publisher’s name space',
    code: /^trust\/not-published$/,
    without: {
      file: 'packages/trust/src/delegation.ts',
      before: 'if (delegation.paths) return delegation.paths.some',
      after: 'if (delegation.paths) return true || delegation.paths.some',
    },
    strike: scene => publishAndOrder(scene, 'bolt/page'),
    isWon: async ({ device }) =>
      (await device.view()).releases.some(one => one.package === 'bolt/page'),
    recover: ({ vault }) => replaceOnlineKeys(vault),
  },
  {
    attack: 'publisher key stolen, and the owner’s policy says so',
    // The device's model is acme's too, and is looked up first.
    code: /^trust\/(not-allowed|wrong-model)$/,
    without: {
      file: 'packages/trust/src/agreement.ts',
      before: 'if (named.refused.includes(publisher)) return undefined',
      after: '',
    },
    strike: async scene => {
      await refusePublishers(scene, ['acme'])
      await publishAndOrder(scene, 'acme/page')
    },
    isWon: async ({ device }) => (await device.page()) === pageOfForged,
    recover: async scene => {
      await refusePublishers(scene, [])
      await replaceOnlineKeys(scene.vault)
    },
  },
)

/** The owner signs the next policy; its devices fetch it before the next order counts. */
async function refusePublishers({ siege, vault }: Scene, refused: string[]): Promise<void> {
  const { client } = siege.fleet
  const held = reopenPolicy(await client.call(getPolicy, {}))
  if (held.catalogues.every(one => one.refused.join() === refused.join())) return
  const catalogues = held.catalogues.map(one => ({ ...one, refused }))
  const next = makePolicy({ ...held, version: held.version + 1, catalogues }, new Date())
  const signers = vault.offline.owner.slice(0, 2)
  const sealed = await signStatement(payloadTypes.policy, next, signers)
  const body = { ...sealed, signatures: sealed.signatures.map(one => ({ ...one })) }
  await client.call(putPolicy, { body })
}
