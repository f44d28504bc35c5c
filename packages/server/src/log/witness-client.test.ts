import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { cosignCheckpoint, type LogKeeper } from '@steadfleet/authority'
import {
  pretendLog,
  pretendLogPolicy,
  pretendOrigin,
  pretendSigner,
} from '@steadfleet/authority/testing'
import { logPolicy, openCheckpoint, type SignedCheckpoint } from '@steadfleet/trust'
import { gatherLines } from './gather.ts'
import { openWitness, type WitnessClient } from './witness-client.ts'

const policy = logPolicy(pretendLogPolicy(['w1'], 1), 'policy')
const size = { 'content-type': 'text/x.tlog.size' }

interface Answer {
  readonly status: number
  readonly body: string
}

describe('a witness', { concurrency: false }, () => {
  let server: Server
  let url = ''
  let answers: Answer[] = []
  let asked: string[] = []
  let keeper: LogKeeper
  let checkpoint: SignedCheckpoint
  let good = ''
  before(async () => {
    server = createServer(async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      asked.push(body.split('\n')[0] ?? '')
      const answer = answers.shift()
      if (answer) response.writeHead(answer.status, size).end(answer.body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { store, checkpointBy } = await pretendLog(300)
    keeper = { store, origin: pretendOrigin, signer: pretendSigner('log') }
    checkpoint = openCheckpoint(policy.key, await checkpointBy('log'))
    good = await lineBy('w1')
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    answers = []
    asked = []
  })
  const lineBy = (name: string, note = checkpoint.note) =>
    cosignCheckpoint(note, `${name}.example`, pretendSigner(name), new Date())
  const open = (known: number): WitnessClient =>
    openWitness({ key: policy.witnesses[0]!, url }, known)

  test('that cosigns is believed, and stands at that size from then on', async () => {
    answers = [{ status: 200, body: good }]
    const witness = open(7)
    assert.equal(await witness.cosign(keeper, checkpoint), good)
    assert.deepEqual([asked, witness.size()], [['old 7'], 300])
  })

  test('that stands elsewhere says where, and is asked again from there', async () => {
    answers = [
      { status: 409, body: '255\n' },
      { status: 200, body: good },
    ]
    assert.equal(await open(7).cosign(keeper, checkpoint), good)
    assert.deepEqual(asked, ['old 7', 'old 255'])
  })

  test('whose answer of this size was lost is asked again for the same', async () => {
    answers = [
      { status: 409, body: '300\n' },
      { status: 200, body: good },
    ]
    assert.equal(await open(0).cosign(keeper, checkpoint), good)
    assert.deepEqual(asked, ['old 0', 'old 300'])
  })

  const refused: [what: string, answers: () => Promise<Answer[]>, code: string][] = [
    ['that saw more than we have', async () => [{ status: 409, body: '301\n' }], 'log/behind'],
    [
      'that cosigned another tree of this size',
      async () => Array(2).fill({ status: 409, body: '300\n' }),
      'log/behind',
    ],
    [
      'that says another size each time',
      async () => ['1', '2', '3'].map(text => ({ status: 409, body: `${text}\n` })),
      'log/witness',
    ],
    ['that says no size', async () => [{ status: 409, body: 'seven\n' }], 'trust/malformed'],
    ['that refuses', async () => [{ status: 403, body: 'no\n' }], 'log/witness'],
    [
      'that answers by the line of another',
      async () => [{ status: 200, body: await lineBy('w2') }],
      'log/witness',
    ],
    [
      'that answers for another tree',
      async () => [
        { status: 200, body: await lineBy('w1', await (await pretendLog(9)).checkpointBy('log')) },
      ],
      'log/witness',
    ],
    ['that answers by two lines', async () => [{ status: 200, body: good + good }], 'log/witness'],
    ['that answers nothing', async () => [{ status: 200, body: '' }], 'log/witness'],
    [
      'that answers without end',
      async () => [{ status: 200, body: 'x'.repeat(100_000) }],
      'log/witness',
    ],
  ]
  for (const [what, said, code] of refused) {
    test(`${what} is told, and its answer is in no checkpoint`, async () => {
      answers = await said()
      const witness = open(7)
      const { lines, troubles } = await gatherLines(keeper, checkpoint, [witness], () => false)
      assert.deepEqual([lines, troubles.get(witness)?.code], [[], code])
    })
  }

  test('that is silent is given up after some seconds', { timeout: 20_000 }, async () => {
    await assert.rejects(open(7).cosign(keeper, checkpoint), { code: 'log/witness' })
  })

  test('that is not there is told', async () => {
    const witness = openWitness({ key: policy.witnesses[0]!, url: 'http://127.0.0.1:1' }, 7)
    await assert.rejects(witness.cosign(keeper, checkpoint), { code: 'log/witness' })
  })

  test('that is slow is not waited for where the others are enough', async () => {
    answers = [{ status: 200, body: good }]
    const { lines } = await gatherLines(keeper, checkpoint, [open(7), open(7)], found => {
      return found.length > 0
    })
    assert.deepEqual(lines, [good])
  })
})
