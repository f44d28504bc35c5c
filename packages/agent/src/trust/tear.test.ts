import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { damages, type Tear } from '../testing/tear.test.ts'
import { TornStage } from '../testing/torn-state.test.ts'

/** Every file of a device on revision 2, each damaged in every way, and two at once. */
describe('a device whose state was torn, and that reaches no server,', () => {
  const names = Object.keys(damages)
  let stage: TornStage
  before(async () => {
    stage = await TornStage.open()
    await stage.fleet.close()
  })
  after(() => stage[Symbol.asyncDispose]())

  for (const damage of names) {
    test(`runs what it ran and trusts nothing older where any file ${damage}`, async () => {
      for (const file of stage.files()) await standOn(stage, { [file]: damage })
    })
  }

  test('does so where two files are torn at once', async () => {
    let turn = 0
    const files = stage.files()
    for (const [i, one] of files.entries()) {
      // Each file with one in twenty-four of the others, in ways that go round: all pairs take a minute.
      for (const two of files.slice(i + 1).filter((_, j) => (i + j) % 24 === 0)) {
        const [first = '', second = ''] = [
          names[turn % names.length],
          names[(turn * 5 + 3) % names.length],
        ]
        await standOn(stage, { [one]: first, [two]: second })
        turn += 1
      }
    }
  })
})

async function standOn(stage: TornStage, tear: Tear): Promise<void> {
  await using device = stage.torn(tear)
  try {
    await device.start()
    assert.deepEqual(stage.running(device), ['acme/hub 2', 'acme/lamp 2'])
    await device.stop()
    stage.refuseLowered()
  } catch (cause) {
    throw new Error(`cannot stand on ${JSON.stringify(tear)}`, { cause })
  }
}
