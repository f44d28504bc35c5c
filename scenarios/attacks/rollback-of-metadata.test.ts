import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeTimestamp, readSigned, signMetadata } from '../../packages/authority/src/index.ts'
import { broken } from '../proxy.ts'
import { attack, type Row, type Scene } from './attack.ts'
import { entryOf, type Files, signOnline, takenVersion, versionOf } from './forge.ts'
import { mount } from './mirror.ts'
import { keptAt, revisions } from './prepared.ts'
import { replaceOnlineKeys } from './recover.ts'
import { roleIn } from './vault.ts'

const code = /^trust\/rollback$/

/** The file of a role that was in force when revision 1 was the newest; of targets, the first. */
function oldFile({ siege, vault }: Scene, role: string): Uint8Array {
  if (role === 'targets') return readFileSync(join(vault.catalogue, '1.targets.json'))
  return roleIn(keptAt(siege, revisions.old), role)
}

function isTaken(role: string): Row['isWon'] {
  return scene => takenVersion(scene.device, role) === versionOf(oldFile(scene, role))
}

function strikeWith(files: (scene: Scene) => Promise<Files> | Files): Row['strike'] {
  return async scene => {
    await mount(scene.device.proxy, { files: await files(scene) })
    await scene.device.order(revisions.next)
  }
}

/** Who has the keys of snapshot and timestamp names an old file of a role as its newest. */
function rollbackOfRole(role: string): Row {
  return {
    attack: `rollback of the role ${role}, by who has the keys of snapshot and timestamp`,
    code,
    without: {
      file: 'packages/trust/src/freshness.ts',
      before: 'refuseRollback(file, version, after.version)',
      after: '',
    },
    strike: strikeWith(scene => {
      const old = oldFile(scene, role)
      const meta = { [`${role}.json`]: entryOf(old) }
      return signOnline(scene.vault, new Map(), {
        snapshot: honest => ({ ...honest, meta: { ...honest.meta, ...meta } }),
      })
    }),
    isWon: isTaken(role),
    recover: ({ vault }) => replaceOnlineKeys(vault),
  }
}

attack(
  {
    attack: 'rollback of root: an older one is given as the next',
    code,
    without: {
      file: 'packages/trust/src/refusal.ts',
      before: 'if (offered <= held) refuseRollback(what, held + 1, offered)',
      after: 'if (offered <= held) return',
    },
    strike: async ({ device, vault }) => {
      const files = new Map([['3.root.json', readFileSync(join(vault.catalogue, '1.root.json'))]])
      await mount(device.proxy, {
        files,
        rule: asked => (asked.endsWith('/2.root.json') ? broken : undefined),
      })
      await device.order(revisions.next)
    },
    isWon: ({ device }) => takenVersion(device, 'root') === 1,
  },
  {
    attack: 'rollback of the timestamp: an older one is given as the newest',
    code,
    without: {
      file: 'packages/trust/src/refusal.ts',
      before: 'if (offered >= held) return',
      after: 'return',
    },
    strike: strikeWith(scene => new Map([['timestamp.json', oldFile(scene, 'timestamp')]])),
    isWon: isTaken('timestamp'),
  },
  {
    attack: 'rollback of the snapshot, by who has the key of the timestamp',
    code,
    without: {
      file: 'packages/trust/src/refusal.ts',
      before: 'if (offered >= held) return',
      after: 'return',
    },
    strike: strikeWith(async scene => {
      const { version } = readSigned('timestamp', roleIn(scene.vault, 'timestamp'))
      const timestamp = makeTimestamp(version + 1, oldFile(scene, 'snapshot'), new Date())
      const bytes = await signMetadata(timestamp, [scene.vault.online.timestamp])
      return new Map([['timestamp.json', bytes]])
    }),
    isWon: isTaken('snapshot'),
    recover: ({ vault }) => replaceOnlineKeys(vault),
  },
  rollbackOfRole('targets'),
  rollbackOfRole('acme'),
)
