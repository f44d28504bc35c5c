import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { damages, type Tear } from '../testing/tear.test.ts'
import { TornStage } from '../testing/torn-state.test.ts'

const both = (file: string, damage: string, names = ['', '.2']): Tear =>
  Object.fromEntries(names.map(name => [`trust/${file}${name}`, damage]))
const floors = (damage: string): Tear => both('floors-', damage, ['a', 'b'])

/** What stands for one another, torn together. */
const together: Readonly<Record<string, Tear>> = {
  'both floor cells zeroed': floors('is zeroed'),
  'both floor cells gone': floors('is gone'),
  'both floor cells as they were': floors('is as it was one order before'),
  'both copies of the order gone': both('order.json', 'is gone'),
  'both copies of the order as they were': both('order.json', 'is as it was one order before'),
  'both copies of the policy half there': both('policy.json', 'is half there'),
  'both copies of the policy as they were': both('policy.json', 'is as it was one order before'),
  'both copies of the owner root zeroed': both('owner-root.json', 'is zeroed'),
  'both copies of the owner root as they were': both(
    'owner-root.json',
    'is as it was one order before',
  ),
  'owner root and policy gone': {
    ...both('owner-root.json', 'is gone'),
    ...both('policy.json', 'is gone'),
  },
  'the policy in every copy and generation gone': both('policy.json', 'is gone', [
    '',
    '.2',
    '.before',
  ]),
  'the order in every copy and generation zeroed': both('order.json', 'is zeroed', [
    '',
    '.2',
    '.before',
  ]),
  'the owner root in every copy and generation gone': both('owner-root.json', 'is gone', [
    '',
    '.2',
    '.before',
  ]),
  'both copies of each statement gone, the ones before left': {
    ...both('owner-root.json', 'is gone'),
    ...both('policy.json', 'is gone'),
    ...both('order.json', 'is gone'),
  },
  'timestamp and snapshot torn': both('catalogue-acme/current/', 'is half there', [
    'timestamp.json',
    'snapshot.json',
  ]),
  'the first root torn in both places': {
    'trust/catalogue-root.json': 'is half there',
    'trust/catalogue-acme/current/@first-root.json': 'is zeroed',
    'trust/catalogue-acme/current/root.json': 'is empty',
  },
  'pointer and its copy gone': { current: 'is gone', 'current.copy': 'is gone' },
  'pointer and its copy as they were': {
    current: 'is as it was one order before',
    'current.copy': 'is as it was one order before',
  },
  'the numbers of reports lost': {
    'outbox/report-sequence': 'is gone',
    'outbox/report-sequence.2': 'is zeroed',
  },
}

/**
 * A device on revision 2 is torn and starts while its server repeats what it said before revision 2. It
 * must run on and not go back; and when the server tells the truth again, it must take revision 3.
 */
describe('a device whose state was torn, and whose server repeats the past,', () => {
  const names = Object.keys(damages)
  let stage: TornStage
  before(async () => {
    stage = await TornStage.open()
  })
  after(() => stage[Symbol.asyncDispose]())

  test('does not go back, and comes forward, whichever file it was', async () => {
    // The first of each file's copies: what is done to one is done to the others without a server.
    const files = stage.files().filter(file => !/\.[23]$/.test(file))
    for (const [i, file] of files.entries()) {
      await survive(stage, { [file]: names[(i * 5) % names.length] ?? '' })
    }
  })

  for (const [what, tear] of Object.entries(together)) {
    test(`does not go back, and comes forward, with ${what}`, () => survive(stage, tear))
  }
})

async function survive(stage: TornStage, tear: Tear): Promise<void> {
  stage.attack()
  await using device = stage.torn(tear)
  const { fleet } = stage
  try {
    await device.start()
    await fleet.until('a second check-in', () => fleet.reports[1])
    assert.deepEqual(stage.running(device), ['acme/hub 2', 'acme/lamp 2'])
    stage.refuseLowered()
    stage.mend()
    await fleet.untilState('committed', 3)
    assert.deepEqual(stage.running(device), ['acme/hub 3', 'acme/lamp 3'])
  } catch (cause) {
    throw new Error(`cannot survive ${JSON.stringify(tear)}`, { cause })
  }
}
