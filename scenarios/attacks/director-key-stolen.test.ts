import type { Row } from './attack.ts'
import { attack } from './attack.ts'
import { forgeRevision, ordered, pageOfForged, signOrder } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'

/** The thief orders bytes of his own as this revision of the page. */
function orderForged(revision: number): Row['strike'] {
  return async ({ device, vault }) => {
    const forged = forgeRevision(vault, revision)
    const releases = ordered(device, forged)
    const order = await signOrder(vault, device, { releases })
    await mount(device.proxy, { order, objects: forged.objects })
    await device.order(revisions.next)
  }
}

const isWon: Row['isWon'] = async ({ device }) => (await device.page()) === pageOfForged

attack(
  {
    attack: 'director key stolen: new bytes are ordered under a revision that was published',
    code: /^trust\/(length|digest)-mismatch$/,
    without: {
      file: 'packages/trust/src/agreement.ts',
      before: 'if (wanted === found) continue',
      after: 'continue',
    },
    strike: orderForged(revisions.next),
    isWon,
  },
  {
    attack: 'director key stolen: a revision is ordered that nobody published',
    code: /^trust\/not-published$/,
    without: {
      file: 'packages/trust/src/agreement.ts',
      before: 'if (!agreement.running?.has(ordered.record.digest)) throw error',
      after: '',
    },
    strike: orderForged(9),
    isWon,
  },
)
