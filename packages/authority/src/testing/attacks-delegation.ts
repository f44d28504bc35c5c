import { digestOf, fromHex, toHexDigest } from '@steadfleet/base'
import { ed25519Key, keyIdOf, type PublicKey } from '@steadfleet/trust'
import type { DelegationRow, SignedTargets } from '../metadata.ts'
import type { Attack } from './attack.ts'
import { freshen, type PretendCatalogue, publish, seal, stamp } from './pretend-catalogue.ts'
import { pretendSigner } from './pretend-store.ts'

/** The identity of the curve: under it, one signature of no secret verifies any message. */
const identity = ed25519Key(fromHex(`01${'00'.repeat(31)}`))
const forged = new Uint8Array([1, ...new Uint8Array(63)])

/** Attacks by whom the catalogue's targets delegate to, and under which name. */
export const delegationAttacks: readonly Attack[] = [
  {
    name: 'publisher-key-of-small-order',
    code: 'trust/threshold',
    isOurs: true,
    strike: async (catalogue, now) => {
      const keyid = keyIdOf(identity)
      await redelegate(catalogue, { [keyid]: identity }, row => [{ ...row, keyids: [keyid] }])
      catalogue.keys.acme = [{ key: identity, keyid, sign: async () => forged }]
      await publish(catalogue, 'acme/greenhouse/9/amd64', now)
    },
  },
  {
    name: 'publisher-key-under-a-foreign-id',
    code: 'trust/threshold',
    isOurs: true,
    strike: async (catalogue, now) => {
      const keyid = '00'.repeat(32)
      const { key } = pretendSigner('mallory')
      await redelegate(catalogue, { [keyid]: key }, row => [{ ...row, keyids: [keyid] }])
      catalogue.keys.acme = [{ ...pretendSigner('mallory'), keyid }]
      await publish(catalogue, 'acme/greenhouse/9/amd64', now)
    },
  },
  {
    name: 'targets-delegate-a-top-level-role',
    code: 'trust/malformed',
    strike: async (catalogue, now) => {
      await redelegate(catalogue, {}, row => [row, { ...row, name: 'snapshot' }])
      await smuggle(catalogue, now)
    },
  },
  {
    name: 'targets-delegate-a-role-twice',
    code: 'trust/malformed',
    strike: async (catalogue, now) => {
      await redelegate(catalogue, {}, row => [row, { ...row, terminating: false }])
      await smuggle(catalogue, now)
    },
  },
  {
    name: 'release-revoked-and-signed-again',
    code: 'trust/revoked',
    isOurs: true,
    strike: async (catalogue, now) => {
      const { signed } = catalogue
      const record = await publish(catalogue, 'acme/greenhouse/9/amd64', now)
      const version = signed.targets.version + 1
      signed.targets = { ...signed.targets, version, revoked: [digestOf(record)] }
      await seal(catalogue, 'targets')
      await freshen(catalogue, now)
    },
  },
]

/** The next version of targets, with more keys and with acme's delegation changed. */
async function redelegate(
  { signed, ...catalogue }: PretendCatalogue,
  keys: Readonly<Record<string, PublicKey>>,
  changed: (row: DelegationRow) => readonly DelegationRow[],
): Promise<void> {
  const { delegations, version } = signed.targets
  const next: SignedTargets = {
    ...signed.targets,
    version: version + 1,
    delegations: {
      keys: { ...delegations?.keys, ...keys },
      roles: delegations?.roles?.flatMap(changed) ?? [],
    },
  }
  signed.targets = next
  await seal({ ...catalogue, signed }, 'targets')
}

/** A snapshot of targets that no maker of ours would read, and a timestamp for it. */
async function smuggle(catalogue: PretendCatalogue, now: Date): Promise<void> {
  const { signed, files } = catalogue
  const { version } = signed.targets
  const bytes = files.get(`${version}.targets.json`) ?? new Uint8Array()
  const hashes = { sha256: toHexDigest(digestOf(bytes)) }
  const { snapshot } = signed
  const meta = { ...snapshot.meta, 'targets.json': { version, length: bytes.length, hashes } }
  signed.snapshot = { ...snapshot, version: snapshot.version + 1, meta }
  await seal(catalogue, 'snapshot')
  await stamp(catalogue, now)
}
