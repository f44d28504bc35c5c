import { toUtf8 } from '@steadfleet/base'
import type { PublicKey } from '@steadfleet/trust'
import { makeRoot, type SignedSnapshot, signMetadata } from '../metadata.ts'
import type { Signer } from '../signer.ts'
import type { Attack } from './attack.ts'
import { delegationAttacks } from './attacks-delegation.ts'
import {
  freshen,
  type PretendCatalogue,
  publish,
  rotateRoot,
  seal,
  stamp,
} from './pretend-catalogue.ts'
import { pretendSigner } from './pretend-store.ts'

const mallory = pretendSigner('mallory')
const longAgo = new Date('2020-01-01T00:00:00Z')

/** Attacks on a catalogue whose client holds its present state. The file's name says what is attacked. */
export const attacks: readonly Attack[] = [
  {
    name: 'timestamp-by-a-stranger',
    code: 'trust/threshold',
    strike: async (catalogue, now) => {
      catalogue.keys.timestamp = [mallory]
      await stamp(catalogue, now)
    },
  },
  {
    name: 'timestamp-unsigned',
    code: 'trust/threshold',
    strike: async (catalogue, now) => {
      catalogue.keys.timestamp = []
      await stamp(catalogue, now)
    },
  },
  {
    name: 'timestamp-rolled-back',
    code: 'trust/rollback',
    strike: async (catalogue, now) => {
      catalogue.signed.timestamp = { ...catalogue.signed.timestamp, version: 0 }
      await stamp(catalogue, now)
    },
  },
  {
    name: 'timestamp-names-older-snapshot',
    code: 'trust/rollback',
    strike: async (catalogue, now) => {
      catalogue.signed.snapshot = { ...catalogue.signed.snapshot, version: 1 }
      await stamp(catalogue, now)
    },
  },
  {
    name: 'timestamp-expired',
    code: 'trust/expired',
    strike: async catalogue => stamp(catalogue, longAgo),
  },
  {
    name: 'timestamp-endless',
    code: 'trust/endless-data',
    strike: async catalogue => append(catalogue, 'timestamp.json', ' '.repeat(20_000)),
  },
  {
    name: 'timestamp-missing',
    code: 'trust/missing-metadata',
    strike: async ({ files }) => void files.delete('timestamp.json'),
  },
  {
    name: 'timestamp-cut-short',
    code: 'trust/malformed',
    strike: async ({ files }) => {
      files.set('timestamp.json', fileOf(files, 'timestamp.json').slice(0, -1))
    },
  },
  {
    name: 'timestamp-one-byte-changed',
    code: 'trust/threshold',
    strike: async (catalogue, now) => {
      await stamp(catalogue, now)
      change(catalogue, 'timestamp.json', '"version":3}', '"version":4}')
    },
  },
  {
    name: 'timestamp-is-a-snapshot',
    code: 'trust/malformed',
    strike: async ({ files, signed }) => {
      files.set('timestamp.json', fileOf(files, `${signed.snapshot.version}.snapshot.json`))
    },
  },
  {
    name: 'timestamp-with-a-key-twice',
    code: 'trust/malformed',
    isOurs: true,
    strike: async (catalogue, now) => {
      await stamp(catalogue, now)
      change(catalogue, 'timestamp.json', '"version":3}', '"version":9,"version":3}')
    },
  },
  {
    name: 'timestamp-of-specification-2',
    code: 'trust/malformed',
    strike: async (catalogue, now) => {
      await stamp(catalogue, now)
      catalogue.signed.timestamp = { ...catalogue.signed.timestamp, spec_version: '2.0.0' }
      await seal(catalogue, 'timestamp')
    },
  },
  {
    name: 'timestamp-with-an-unknown-critical-member',
    code: 'trust/malformed',
    isOurs: true,
    strike: async (catalogue, now) => {
      await stamp(catalogue, now)
      const signed = { ...catalogue.signed.timestamp, critical: ['quorum'], quorum: 7 }
      catalogue.signed.timestamp = signed
      await seal(catalogue, 'timestamp')
    },
  },
  {
    name: 'snapshot-one-byte-added',
    code: 'trust/endless-data',
    strike: async (catalogue, now) => {
      await publish(catalogue, 'acme/greenhouse/9/amd64', now)
      append(catalogue, newest(catalogue, 'snapshot'), ' ')
    },
  },
  {
    name: 'snapshot-one-byte-changed',
    code: 'trust/mismatch',
    strike: async (catalogue, now) => {
      await publish(catalogue, 'acme/greenhouse/9/amd64', now)
      change(catalogue, newest(catalogue, 'snapshot'), '"1.0.31"', '"1.0.30"')
    },
  },
  {
    name: 'snapshot-missing',
    code: 'trust/missing-metadata',
    strike: async (catalogue, now) => {
      await publish(catalogue, 'acme/greenhouse/9/amd64', now)
      catalogue.files.delete(newest(catalogue, 'snapshot'))
    },
  },
  {
    name: 'snapshot-mixed-and-matched',
    code: 'trust/mix-and-match',
    strike: async (catalogue, now) => {
      await publish(catalogue, 'acme/greenhouse/9/amd64', now)
      const { 'snapshot.json': entry } = catalogue.signed.timestamp.meta
      const meta = { 'snapshot.json': { ...entry, version: entry.version + 1 } }
      catalogue.signed.timestamp = { ...catalogue.signed.timestamp, meta }
      await seal(catalogue, 'timestamp')
      const file = newest(catalogue, 'snapshot')
      catalogue.files.set(`${entry.version + 1}.snapshot.json`, fileOf(catalogue.files, file))
    },
  },
  {
    name: 'snapshot-by-a-stranger',
    code: 'trust/threshold',
    strike: async (catalogue, now) => {
      catalogue.keys.snapshot = [mallory]
      await freshen(catalogue, now)
    },
  },
  {
    name: 'snapshot-rolls-a-role-back',
    code: 'trust/rollback',
    strike: async (catalogue, now) => {
      await resnap(catalogue, now, meta => ({ ...meta, 'acme.json': oldEntry(meta) }))
    },
  },
  {
    name: 'snapshot-leaves-a-role-out',
    code: 'trust/rollback',
    strike: async (catalogue, now) => {
      await resnap(catalogue, now, ({ 'acme.json': _, ...meta }) => meta)
    },
  },
  {
    name: 'snapshot-expired',
    code: 'trust/expired',
    strike: async (catalogue, now) => {
      await freshen(catalogue, longAgo)
      await stamp(catalogue, now)
    },
  },
  {
    name: 'targets-below-threshold',
    code: 'trust/threshold',
    strike: async (catalogue, now) => {
      catalogue.keys.targets = catalogue.keys.targets.slice(0, 1)
      await renewTargets(catalogue, now)
    },
  },
  {
    name: 'targets-one-key-signs-twice',
    code: 'trust/threshold',
    strike: async (catalogue, now) => {
      const [one] = catalogue.keys.targets
      catalogue.keys.targets = one ? [one, one] : []
      await renewTargets(catalogue, now)
    },
  },
  {
    name: 'targets-expired',
    code: 'trust/expired',
    strike: async (catalogue, now) => renewTargets(catalogue, now, longAgo),
  },
  {
    name: 'root-by-the-old-keys-alone',
    code: 'trust/threshold',
    strike: async (catalogue, now) => {
      const old = catalogue.keys.root
      await rotateRoot(catalogue, { root: [mallory, pretendSigner('eve')] }, now)
      catalogue.files.set('2.root.json', await signMetadata(catalogue.signed.root, old))
    },
  },
  {
    name: 'root-by-the-new-keys-alone',
    code: 'trust/threshold',
    strike: async (catalogue, now) => {
      catalogue.keys.root = [mallory, pretendSigner('eve')]
      await rotateRoot(catalogue, {}, now)
    },
  },
  {
    name: 'root-skips-a-version',
    code: 'trust/fast-forward',
    strike: async (catalogue, now) => {
      catalogue.signed.root = { ...catalogue.signed.root, version: 2 }
      await rotateRoot(catalogue, {}, now)
      catalogue.files.set('2.root.json', fileOf(catalogue.files, '3.root.json'))
    },
  },
  {
    name: 'root-of-an-earlier-version',
    code: 'trust/rollback',
    strike: async ({ files }) => void files.set('2.root.json', fileOf(files, '1.root.json')),
  },
  {
    name: 'root-expired',
    code: 'trust/expired',
    strike: async catalogue => rotateRoot(catalogue, {}, longAgo),
  },
  {
    name: 'root-endless',
    code: 'trust/endless-data',
    strike: async ({ files }) => void files.set('2.root.json', new Uint8Array(600_000)),
  },
  {
    name: 'root-names-one-key-twice',
    code: 'trust/threshold',
    // One key under two ids, the second by a member of its own: a count of ids would be two.
    strike: async (catalogue, now) => {
      const [one] = catalogue.keys.root
      if (one) await rootOfTwins(catalogue, one, now)
    },
    isOurs: true,
  },
  {
    name: 'publisher-by-a-stranger',
    code: 'trust/threshold',
    strike: async (catalogue, now) => {
      catalogue.keys.acme = [mallory]
      await publish(catalogue, 'acme/greenhouse/9/amd64', now)
    },
  },
  {
    name: 'publisher-one-byte-changed',
    code: 'trust/mismatch',
    strike: async (catalogue, now) => {
      await publish(catalogue, 'acme/greenhouse/9/amd64', now)
      change(catalogue, newest(catalogue, 'acme'), '"revision":9', '"revision":8')
    },
  },
  {
    name: 'publisher-missing',
    code: 'trust/missing-metadata',
    strike: async (catalogue, now) => {
      await publish(catalogue, 'acme/greenhouse/9/amd64', now)
      catalogue.files.delete(newest(catalogue, 'acme'))
    },
  },
  {
    name: 'publisher-expired',
    code: 'trust/expired',
    strike: async (catalogue, now) => {
      await publish(catalogue, 'acme/greenhouse/9/amd64', longAgo)
      await freshen(catalogue, now)
    },
  },
  ...delegationAttacks,
]

type Meta = SignedSnapshot['meta']

/** The next snapshot, with its list of role files changed, and a timestamp for it. */
async function resnap(
  catalogue: PretendCatalogue,
  now: Date,
  changed: (meta: Meta) => Meta,
): Promise<void> {
  await freshen(catalogue, now)
  const { snapshot } = catalogue.signed
  catalogue.signed.snapshot = { ...snapshot, meta: changed(snapshot.meta) }
  await seal(catalogue, 'snapshot')
  await stamp(catalogue, now)
}

function oldEntry({ 'acme.json': entry }: Meta): Meta[string] {
  return { length: entry?.length ?? 0, hashes: entry?.hashes ?? { sha256: '' }, version: 1 }
}

async function renewTargets(
  catalogue: PretendCatalogue,
  now: Date,
  signedAt: Date = now,
): Promise<void> {
  const { targets } = catalogue.signed
  const expires = `${signedAt.getUTCFullYear() + 1}-01-01T00:00:00Z`
  catalogue.signed.targets = { ...targets, version: targets.version + 1, expires }
  await seal(catalogue, 'targets')
  await freshen(catalogue, now)
}

async function rootOfTwins(catalogue: PretendCatalogue, one: Signer, now: Date): Promise<void> {
  const twin: PublicKey = { ...one.key, ...{ note: 'the same key, another id' } }
  const role = { keys: [one.key, twin], threshold: 1 }
  const { targets, snapshot, timestamp } = catalogue.keys
  const single = ([signer]: readonly Signer[]): typeof role => ({
    keys: signer ? [signer.key] : [],
    threshold: 1,
  })
  const roles = {
    targets: single(targets),
    snapshot: single(snapshot),
    timestamp: single(timestamp),
  }
  const root = makeRoot(2, { ...roles, root: { keys: [one.key], threshold: 1 } }, now)
  const twinned = makeRoot(2, { ...roles, root: { keys: [twin], threshold: 1 } }, now)
  const keyids = [...root.roles.root.keyids, ...twinned.roles.root.keyids]
  const signed = {
    ...root,
    keys: { ...root.keys, ...twinned.keys },
    roles: { ...root.roles, root: { keyids, threshold: 2 } },
  }
  const signers = keyids.map(keyid => ({ ...one, keyid }))
  const others = catalogue.keys.root.slice(1)
  catalogue.files.set('2.root.json', await signMetadata(signed, [...signers, ...others]))
}

function newest(catalogue: PretendCatalogue, role: 'snapshot' | 'acme'): string {
  return `${catalogue.signed[role].version}.${role}.json`
}

function append({ files }: PretendCatalogue, file: string, tail: string): void {
  files.set(file, new Uint8Array(Buffer.concat([fileOf(files, file), toUtf8(tail)])))
}

function change({ files }: PretendCatalogue, file: string, from: string, to: string): void {
  const text = Buffer.from(fileOf(files, file)).toString('utf8')
  if (!text.includes(from)) throw new RangeError(`${file} does not hold ${from}`)
  files.set(file, toUtf8(text.replace(from, to)))
}

function fileOf(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const file = files.get(name)
  if (file) return file
  throw new RangeError(`no file ${name} in the pretend catalogue`)
}
