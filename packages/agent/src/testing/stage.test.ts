import { makePolicy, signerFromSeed, signStatement, toEnvelopeBytes } from '@steadfleet/authority'
import type { PretendCatalogue } from '@steadfleet/authority/testing'
import { parseEnvelopeBytes, payloadTypes, reopenPolicy } from '@steadfleet/trust'
import { TestDevice } from './device.test.ts'
import { PretendFleet } from './pretend-fleet.test.ts'

/** A pretended fleet with one device that has joined it. */
export interface Stage {
  readonly fleet: PretendFleet
  readonly device: TestDevice
}

export async function withFleet(story: (stage: Stage) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start()
  const device = await TestDevice.join(fleet)
  try {
    await story({ fleet, device })
  } finally {
    await device[Symbol.asyncDispose]().finally(() => fleet.close())
  }
}

/** The owner takes the lamp over into a catalogue of its own. */
export async function adoptLamp(fleet: PretendFleet, garden: PretendCatalogue): Promise<void> {
  const held = reopenPolicy(parseEnvelopeBytes(fleet.owner.get('1.policy.json')!))
  const named = { name: 'garden', root: garden.firstRoot, allowed: ['acme'], refused: [] }
  const adoption = {
    package: 'acme/lamp',
    from: { catalogue: 'acme', publisher: 'acme' },
    to: { catalogue: 'garden', publisher: 'acme' },
    floor: 2,
  }
  const catalogues = [...held.catalogues, named]
  const next = { ...held, version: 2, catalogues, adoptions: [adoption] }
  const signers = [7, 8, 9].map(n => signerFromSeed(new Uint8Array(32).fill(n)))
  const envelope = await signStatement(payloadTypes.policy, makePolicy(next, new Date()), signers)
  fleet.owner.set('2.policy.json', toEnvelopeBytes(envelope))
}
