import type { Besieged } from '../besieged.ts'
import { broken } from '../proxy.ts'
import { attack } from './attack.ts'
import { heldOrder, signOnline, takenVersion } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'
import { replaceOnlineKeys, signRoot } from './recover.ts'

const last = Number.MAX_SAFE_INTEGER

attack(
  {
    attack: 'fast-forward of root: one is left out, with whatever it took back',
    code: /^trust\/fast-forward$/,
    without: {
      file: 'packages/trust/src/refusal.ts',
      before: 'if (offered === held + 1) return',
      after: 'return',
    },
    strike: async ({ device, vault }) => {
      const later = await signRoot(vault, root => ({ ...root, version: root.version + 1 }))
      const files = new Map([...later.values()].map(bytes => ['3.root.json', bytes] as const))
      await mount(device.proxy, { files })
      await device.order(revisions.next)
    },
    isWon: ({ device }) => takenVersion(device, 'root') === 4,
  },
  {
    attack: 'fast-forward of the timestamp to the last version there is: a new key begins anew',
    code: /^trust\/rollback$/,
    without: {
      file: 'packages/trust/src/role.ts',
      before: 'toHexDigest(digestOf(keySet)).slice(0, 16)',
      after: "'whatever they are'",
    },
    strike: async scene => {
      const { siege, device, vault } = scene
      const { counter } = heldOrder(device)
      const files = await signOnline(vault, new Map(), {
        timestamp: honest => ({ ...honest, version: last }),
      })
      // The release itself does not get through, so that revision 2 serves on.
      await mount(device.proxy, {
        files,
        rule: asked => (/objects/.test(asked) ? broken : undefined),
      })
      await device.order(revisions.next)
      const isTaken = () => takenVersion(device, 'timestamp') === last || undefined
      await siege.until('the last version', isTaken)
      // Nothing is left to fetch when the attacker leaves.
      await device.order(revisions.held)
      const isBack = () => isTakenBack(device, counter) || undefined
      await siege.until('the order back taken', isBack)
      device.proxy.rule = undefined
      if (device.name === 'undefended') {
        // What ends it is what this device fails at; the other one must have been refused before.
        await siege.device('defended').refusal(/^trust\/rollback$/)
        await replaceOnlineKeys(vault)
      }
      await device.order(revisions.next)
    },
    isWon: ({ device }) =>
      takenVersion(device, 'root') === 3 && takenVersion(device, 'timestamp') === last,
    recover: ({ vault }) => replaceOnlineKeys(vault),
  },
)

function isTakenBack(device: Besieged, since: number): boolean {
  const { counter, releases } = heldOrder(device)
  return counter > since && releases[0]?.revision === revisions.held
}
