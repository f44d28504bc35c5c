import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toUtf8 } from '@steadfleet/base'
import { fetchIfThere, readCapped } from './capped.ts'
import { ProblemError } from './problem.ts'

test('a body as long as it may be is read, whatever pieces it comes in', async () => {
  const read = await readCapped('a file', pieces(['ab', '', 'cd']).body, 4)
  assert.deepEqual(read, toUtf8('abcd'))
})

test('a body that goes on is refused at the piece that is too many, and let go', async () => {
  const { body, taken } = pieces(['abcd', 'e', 'f', 'g'])
  await assert.rejects(readCapped('a file', body, 4), { code: 'trust/endless-data' })
  assert.deepEqual(taken, ['abcd', 'e', 'let go'])
})

const rows: [status: number, found: string][] = [
  [404, 'nothing'],
  [410, 'refused with x/y'],
  [500, 'refused with x/y'],
]
for (const [status, found] of rows)
  test(`what a server answers ${status} to is ${found}`, async () => {
    const open = () => Promise.reject(new ProblemError({ type: 'x/y', title: 'cannot', status }))
    const fetched = fetchIfThere('a file', open, 4).then(
      bytes => (bytes ? 'there' : 'nothing'),
      error => `refused with ${error.code}`,
    )
    assert.equal(await fetched, found)
  })

test('what is there is fetched under its cap', async () => {
  const open = async () => ({ status: 200, headers: {}, body: pieces(['abcde']).body })
  assert.deepEqual(await fetchIfThere('a file', open, 5), toUtf8('abcde'))
  await assert.rejects(fetchIfThere('a file', open, 4), { code: 'trust/endless-data' })
})

/** A body, and what was taken of it. */
function pieces(texts: readonly string[]): { body: AsyncIterable<Uint8Array>; taken: string[] } {
  const taken: string[] = []
  async function* flow(): AsyncGenerator<Uint8Array> {
    try {
      for (const text of texts) {
        taken.push(text)
        yield toUtf8(text)
      }
    } finally {
      taken.push('let go')
    }
  }
  return { body: flow(), taken }
}
