import { fromUtf8 } from '@steadfleet/base'
import type { Attack } from './attack.ts'
import { attacks } from './attacks.ts'
import {
  freshen,
  type PretendCatalogue,
  pretendCatalogue,
  publish,
  rotateRoot,
  seal,
  stamp,
  threeSigners,
} from './pretend-catalogue.ts'
import { pretendSigner } from './pretend-store.ts'
import { serveRoles, spreadAcme } from './serve-roles.ts'

const now = new Date('2026-11-21T00:00:00Z')
const heldPath = 'acme/greenhouse/3/amd64'
const newPath = 'acme/greenhouse/9/amd64'

/** A deed of an honest catalogue, and the role in which the release is found after it, `acme` if not said. */
type Deed = Omit<Attack, 'code'> & { readonly role?: string }

/** Deeds of an honest catalogue that a client must follow; the opposite of attacks. */
const honest: readonly Deed[] = [
  { name: 'a-release-is-added', strike: async catalogue => void (await add(catalogue)) },
  {
    name: 'root-rotates-five-times',
    strike: async catalogue => {
      for (let i = 2; i <= 6; i++) {
        await rotateRoot(catalogue, { root: threeSigners(`root-of-${i}`) }, now)
      }
      await add(catalogue)
    },
  },
  {
    name: 'timestamp-key-rotates-and-versions-begin-anew',
    strike: async catalogue => {
      await rotateRoot(catalogue, { timestamp: [pretendSigner('timestamp-2')] }, now)
      await add(catalogue)
      catalogue.signed.timestamp = { ...catalogue.signed.timestamp, version: 0 }
      await stamp(catalogue, now)
    },
  },
  {
    name: 'a-misnamed-key-spoils-nothing',
    strike: async catalogue => {
      await rotateRoot(catalogue, {}, now)
      const { root } = catalogue.signed
      const misnamed = '00'.repeat(32)
      const keyids = [misnamed, ...root.roles.timestamp.keyids]
      catalogue.signed.root = {
        ...root,
        keys: { ...root.keys, [misnamed]: pretendSigner('mallory').key },
        roles: { ...root.roles, timestamp: { keyids, threshold: 1 } },
      }
      await seal(catalogue, 'root')
      await add(catalogue)
    },
  },
  {
    name: 'unknown-members-are-kept',
    strike: async catalogue => {
      const { acme } = catalogue.signed
      catalogue.signed.acme = { ...acme, ...{ 'x-grown': [1, 'two'] } }
      await add(catalogue)
      await freshen(catalogue, now)
    },
  },
  {
    name: 'releases-lie-in-four-bins',
    role: 'acme.bin-2',
    strike: async catalogue => {
      await add(catalogue)
      await serveRoles(catalogue, spreadAcme(catalogue, 2, now), now)
    },
  },
]

/** The catalogue's vectors as files of text: `base.json`, `valid/NAME.json`, `hostile/NAME.json`. */
export async function makeCatalogueVectors(): Promise<Map<string, string>> {
  const base = await baseCatalogue()
  const vectors = new Map([['base.json', toText({ ...baseFacts(base), served: textsOf(base) })]])
  for (const { name, role = 'acme', strike } of honest) {
    const changed = await changedBy(strike)
    vectors.set(`valid/${name}.json`, toText({ path: newPath, expect: { role }, changed }))
  }
  // One file of six hundred thousand zeroes would show no more than the endless timestamp does.
  for (const { name, code, strike } of attacks.filter(one => one.name !== 'root-endless')) {
    const changed = await changedBy(strike)
    vectors.set(`hostile/${name}.json`, toText({ path: newPath, expect: { code }, changed }))
  }
  return vectors
}

function baseFacts({ firstRoot }: PretendCatalogue): object {
  const about = 'What a client has taken, at `now`, before what each vector changes is served.'
  return { about, now: '2026-11-21T00:00:00Z', firstRoot, path: heldPath }
}

async function baseCatalogue(): Promise<PretendCatalogue> {
  const catalogue = await pretendCatalogue(now)
  await publish(catalogue, heldPath, now)
  return catalogue
}

function add(catalogue: PretendCatalogue): Promise<Uint8Array> {
  return publish(catalogue, newPath, now)
}

/** Only the files that differ; null for one that is gone. */
async function changedBy(strike: Attack['strike']): Promise<Record<string, string | null>> {
  const before = await baseCatalogue()
  const catalogue = await baseCatalogue()
  await strike(catalogue, now)
  const [old, after] = [textsOf(before), textsOf(catalogue)]
  const gone = Object.keys(old).filter(name => after[name] === undefined)
  const differing = Object.entries(after).filter(([name, text]) => old[name] !== text)
  return Object.fromEntries([...differing, ...gone.map(name => [name, null] as const)])
}

function textsOf({ files }: PretendCatalogue): Record<string, string> {
  return Object.fromEntries([...files].map(([name, bytes]) => [name, fromUtf8(bytes)]))
}

function toText(vector: object): string {
  return `${JSON.stringify(vector, null, 2)}\n`
}
