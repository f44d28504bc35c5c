import type { Digest } from '@steadfleet/base'
import { type Envelope, type Order, type OwnerRoot, payloadTypes } from '@steadfleet/trust'
import {
  type FirstFiles,
  type FirstNames,
  type FirstSeeds,
  makeFirstFiles,
} from '../first-files.ts'
import type { Signer } from '../signer.ts'
import { makeOrder, makeOwnerRoot, signStatement } from '../statement.ts'
import { threeSigners } from './pretend-catalogue.ts'
import { pretendSigner, seedOf } from './pretend-store.ts'

/** The seeds of a pretend owner, the same in every run. Its signers are {@link pretendSigner}s. */
export const pretendSeeds: FirstSeeds = {
  catalogueRoot: ['root-1', 'root-2', 'root-3'].map(seedOf),
  targets: ['targets-1', 'targets-2', 'targets-3'].map(seedOf),
  owner: ['owner-1', 'owner-2', 'owner-3'].map(seedOf),
  publisher: seedOf('acme'),
  snapshot: seedOf('snapshot'),
  timestamp: seedOf('timestamp'),
  director: seedOf('director'),
}

export const pretendNames: FirstNames = {
  publisher: 'acme',
  model: {
    model: 'acme/greenhouse-box',
    revision: 1,
    summary: 'A box that keeps a greenhouse.',
    architectures: ['amd64', 'arm64'],
    slots: ['a', 'b'],
    required: ['acme/greenhouse'],
    interfaces: ['network', 'network-listen'],
  },
  ceiling: new Map([
    ['network', ['*']],
    ['network-listen', ['acme/greenhouse']],
  ]),
}

/** All first files of a pretend owner who publishes as `acme`. */
export function pretendFirstFiles(now: Date): Promise<FirstFiles> {
  return makeFirstFiles(pretendSeeds, pretendNames, now)
}

/** An owner whose roots and director a test may replace. */
export interface PretendOwner {
  readonly root: OwnerRoot
  readonly envelope: Envelope
  readonly keys: { readonly root: readonly Signer[]; readonly director: Signer }
}

/** The owner root of this version, signed by `signers` or by all its own keys. */
export async function pretendOwner(
  version: number,
  now: Date,
  keys: PretendOwner['keys'] = firstKeys(),
  signers: readonly Signer[] = keys.root,
): Promise<PretendOwner> {
  const roles = {
    root: { keys: keys.root.map(({ key }) => key), threshold: 2 },
    director: { keys: [keys.director.key], threshold: 1 },
  }
  const root = makeOwnerRoot(version, roles, now)
  const envelope = await signStatement(payloadTypes.ownerRoot, root, signers)
  return { root, envelope, keys }
}

/** An order for the pretend device: what is stated, and the rest as a good order has it. */
export function pretendOrder(stated: Partial<Order>, now: Date): Order {
  const whole = {
    device: 'dev_00000000000000000000',
    owner: 'own_00000000000000000000',
    counter: 1,
    model: 'acme/greenhouse-box/1/all',
    releases: [],
    policy: {},
  }
  return { ...makeOrder(whole, now), ...stated }
}

/** One release as an order names it: what is stated, and the rest as a good order has it. */
export function pretendOrdered(
  record: { readonly digest: Digest; readonly length: number },
  stated: Partial<Order['releases'][number]> = {},
): Order['releases'][number] {
  return {
    catalogue: 'acme',
    package: 'acme/greenhouse',
    revision: 3,
    architecture: 'amd64',
    record,
    settings: {},
    grants: ['network', 'network-listen'],
    ...stated,
  }
}

function firstKeys(): PretendOwner['keys'] {
  return { root: threeSigners('owner'), director: pretendSigner('director') }
}
