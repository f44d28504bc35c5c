import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  addRelease,
  nextVersion,
  readSigned,
  releaseTarget,
  signerFromSeed,
  signMetadata,
  toEnvelopeBytes,
} from '@steadfleet/authority'
import {
  freshen,
  type PretendCatalogue,
  pretendCatalogue,
  pretendLogPolicy,
  seal,
} from '@steadfleet/authority/testing'
import { digestOf, toUtf8 } from '@steadfleet/base'
import { envelopeDigest, parseEnvelopeBytes, reopenPolicy, toLeaf } from '@steadfleet/trust'
import { TestDevice } from '../testing/device.test.ts'
import { bothWitnesses, History, leaves } from '../testing/history.test.ts'
import { PretendFleet, type Release } from '../testing/pretend-fleet.test.ts'
import { adoptLamp } from '../testing/stage.test.ts'

const good = { 'bin/main': 'well\n' }

interface Stage {
  readonly fleet: PretendFleet
  readonly device: TestDevice
  readonly log: History
}

interface Row {
  readonly what: string
  /** Has the device asked to run something, of which all but one document is in the log. */
  readonly order: (stage: Stage) => Promise<Release>
  /** What is refused. */
  readonly about: RegExp
  /** The leaf that was missing. */
  readonly missing: (stage: Stage) => Uint8Array
}

/** Each is run without its one defence too, by `logged-mutants.test.ts`. */
const rows: readonly Row[] = [
  {
    what: 'a model statement',
    async order({ fleet, log }) {
      const first = await fleet.publish('acme/hub', 1, good)
      await log.add(toUtf8('another'), leaves.owner(fleet), leaves.release(fleet, first))
      await fleet.give([first])
      return first
    },
    about: /acme\/box\/1\/all/,
    missing: ({ fleet }) => leaves.model(fleet),
  },
  {
    what: 'an owner root',
    async order({ fleet, log }) {
      const first = await fleet.publish('acme/hub', 1, good)
      await log.add(toUtf8('another'), leaves.model(fleet), leaves.release(fleet, first))
      await fleet.give([first])
      return first
    },
    about: /owner root 1/,
    missing: ({ fleet }) => leaves.owner(fleet),
  },
  {
    what: 'a root of a catalogue',
    async order({ fleet, log }) {
      const first = await fleet.publish('acme/hub', 1, good)
      await signNextRoot(fleet)
      await log.add(leaves.owner(fleet), leaves.model(fleet), leaves.release(fleet, first))
      await fleet.give([first])
      return first
    },
    about: /root 2/,
    missing: ({ fleet }) => leaves.root(fleet, 2),
  },
  {
    what: 'an adoption',
    async order({ fleet, log }) {
      const garden = await pretendCatalogue(new Date())
      fleet.catalogues.set('garden', garden.files)
      await adoptLamp(fleet, garden)
      const lamp = await publishIn(garden, fleet)
      const { path } = releaseTarget(lamp.record, lamp.recordBytes)
      const named = { path: path as `${string}/${string}/1/all`, length: lamp.recordBytes.length }
      const catalogue = garden.firstRoot
      const digest = digestOf(lamp.recordBytes)
      const release = toLeaf({ type: 'release', catalogue, digest, ...named })
      await log.add(leaves.owner(fleet), leaves.model(fleet), release)
      const { catalogue: _, ...rest } = orderedFrom(lamp)
      await fleet.give([], { releases: [{ catalogue: 'garden', ...rest }] })
      return lamp
    },
    about: /the adoption of acme\/lamp/,
    missing({ fleet }) {
      const envelope = parseEnvelopeBytes(fleet.owner.get('2.policy.json')!)
      const catalogue = reopenPolicy(envelope).catalogues.find(
        ({ name }) => name === 'garden',
      )!.root
      const digest = envelopeDigest(envelope)
      return toLeaf({ type: 'adoption', catalogue, package: 'acme/lamp', digest })
    },
  },
]

describe('nothing new runs by', { concurrency: 4 }, () => {
  for (const { what, order, about, missing } of rows) {
    test(`${what} that the log does not hold, until it does`, () =>
      withFleet(async stage => {
        const { fleet, device, log } = stage
        const { record } = await order(stage)
        const name = record.package
        const refusal = () => fleet.events.find(({ code }) => code === 'trust/not-logged')
        const isRunning = () => device.apps.running.has(`${name} main`)
        await fleet.until(
          'a refusal, or that it runs',
          () => refusal() ?? (isRunning() || undefined),
        )
        assert.match(refusal()?.message ?? 'it runs', about)
        assert.ok(!isRunning())
        await log.add(missing(stage))
        await fleet.untilState('committed', record.revision, name)
      }))
  }

  test('no document is asked for in a log that the owner did not choose', () =>
    withFleet(
      async ({ fleet }) => {
        await signNextRoot(fleet)
        await fleet.give([await fleet.publish('acme/hub', 1, good)])
        await fleet.untilState('committed', 1)
        assert.deepEqual(
          fleet.requests.filter(line => line.includes('/v1/log')),
          [],
        )
      },
      { log: { quorum: 0 } },
    ))
})

test('an owner root that came with fewer signatures than the log names stops no device', () =>
  withFleet(async ({ fleet, log }) => {
    const first = await fleet.publish('acme/hub', 1, good)
    await log.add(toUtf8('another'), leaves.model(fleet))
    await fleet.raiseOwner()
    const whole = fleet.owner.get('2.owner-root.json')!
    const { signatures, ...rest } = parseEnvelopeBytes(whole)
    fleet.owner.set(
      '2.owner-root.json',
      toEnvelopeBytes({ ...rest, signatures: signatures.slice(1) }),
    )
    await fleet.give([])
    await fleet.until('the policy taken', () =>
      fleet.reports.find(({ counter }) => counter === fleet.counter),
    )
    fleet.owner.set('2.owner-root.json', whole)
    await log.add(leaves.owner(fleet, 2), leaves.release(fleet, first))
    await fleet.give([first])
    await fleet.untilState('committed', 1)
    assert.deepEqual(
      fleet.events.filter(({ kind }) => kind === 'security'),
      [],
    )
  }))

/** The next root of the first catalogue, signed by all of its root keys. */
async function signNextRoot({ catalogue }: PretendFleet): Promise<void> {
  const first = readSigned('root', catalogue.get('1.root.json')!)
  const next = { ...first, version: 2 }
  const signers = [1, 2, 3].map(n => signerFromSeed(new Uint8Array(32).fill(n)))
  catalogue.set('2.root.json', await signMetadata(next, signers))
}

/** A revision of the lamp that only the owner's own catalogue has. */
async function publishIn(garden: PretendCatalogue, fleet: PretendFleet): Promise<Release> {
  const release = await fleet.publish('acme/lamp', 2, good)
  const { path, target } = releaseTarget(release.record, release.recordBytes)
  const { signed } = garden
  signed.acme = nextVersion(addRelease(signed.acme, path, target), 'publisher', new Date())
  await seal(garden, 'acme')
  await freshen(garden, new Date())
  return release
}

function orderedFrom({ record, recordBytes }: Release) {
  return {
    catalogue: '',
    package: record.package,
    revision: record.revision,
    architecture: record.architecture,
    record: { digest: digestOf(recordBytes), length: recordBytes.length },
    settings: {},
    grants: ['network'],
  }
}

async function withFleet(
  story: (stage: Stage) => Promise<void>,
  {
    log: chosen = pretendLogPolicy(bothWitnesses, 2),
  }: Parameters<typeof PretendFleet.start>[0] = {},
): Promise<void> {
  const fleet = await PretendFleet.start({ log: chosen })
  const device = await TestDevice.join(fleet)
  const log = new History()
  fleet.prove = (hash, held) => log.prove(hash, held)
  try {
    await story({ fleet, device, log })
  } finally {
    await device[Symbol.asyncDispose]().finally(() => fleet.close())
  }
}
