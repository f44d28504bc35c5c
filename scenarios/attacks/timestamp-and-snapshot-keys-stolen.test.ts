import { attack } from './attack.ts'
import { forgeRevision, growRole, signOnline, takenVersion, versionOf } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'
import { replaceOnlineKeys } from './recover.ts'
import { thief } from './thief.ts'
import { roleIn } from './vault.ts'

attack({
  attack: 'timestamp and snapshot keys stolen: they name a role that no publisher signed',
  code: /^trust\/threshold$/,
  without: {
    file: 'packages/trust/src/targets.ts',
    before: 'refuseUnsigned(role, offered, signers)',
    after: '',
  },
  strike: async ({ device, vault }) => {
    const forged = forgeRevision(vault, 9)
    const role = await growRole(vault, 'acme', [forged.named], [thief])
    await mount(device.proxy, { files: await signOnline(vault, new Map([['acme', role]])) })
    await device.order(revisions.next)
  },
  isWon: ({ device, vault }) => takenVersion(device, 'acme') > versionOf(roleIn(vault, 'acme')),
  recover: ({ vault }) => replaceOnlineKeys(vault),
})
