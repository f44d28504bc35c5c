import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answeredAddresses, dnsTypes, parseDnsMessage, toDnsQuery, toDnsRefusal } from './index.ts'

const name = (text: string) => [
  ...text.split('.').flatMap(label => [label.length, ...Buffer.from(label)]),
  0,
]
const head = (questions: number, answers: number) => [
  0,
  7,
  0x81,
  0x80,
  0,
  questions,
  0,
  answers,
  0,
  0,
  0,
  0,
]
const question = [...name('Cloud.Example'), 0, 1, 0, 1]
const record = (owner: number[], type: number, ttl: number, value: number[]) => [
  ...owner,
  ...[0, type, 0, 1, 0, 0, 0, ttl, 0, value.length],
  ...value,
]
const pointer = [0xc0, 12]

test('the addresses of an answer are those that its aliases lead to, for the shortest time', () => {
  const message = parseDnsMessage(
    Uint8Array.from([
      ...head(1, 4),
      ...question,
      ...record(pointer, 5, 30, name('edge.example')),
      ...record(name('edge.example'), 1, 60, [192, 0, 2, 1]),
      ...record(name('edge.example'), 28, 90, [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1]),
      ...record(name('other.example'), 1, 1, [10, 0, 0, 1]),
    ]),
  )
  assert.deepEqual(message.questions, [{ name: 'cloud.example', type: dnsTypes.A }])
  assert.deepEqual(answeredAddresses(message), { addresses: ['192.0.2.1', '2001:db8::1'], ttl: 30 })
})

test('a question is read as it was made, and refused in its own words', () => {
  const query = toDnsQuery(4711, { name: 'cloud.example', type: dnsTypes.AAAA })
  assert.deepEqual(parseDnsMessage(query), {
    id: 4711,
    isAnswer: false,
    isTruncated: false,
    code: 0,
    questions: [{ name: 'cloud.example', type: dnsTypes.AAAA }],
    answers: [],
  })
  const refusal = parseDnsMessage(toDnsRefusal(query, 5))
  assert.equal(refusal.isAnswer, true)
  assert.equal(refusal.code, 5)
  assert.equal(refusal.id, 4711)
})

const wrong: [what: string, bytes: number[]][] = [
  ['nothing', []],
  ['more questions than anybody asks', [0, 7, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0]],
  ['a name that points to itself', [...head(1, 0), 0xc0, 12, 0, 1, 0, 1]],
  ['a name that points forward', [...head(1, 0), 0xc0, 14, 0, 0, 1, 0, 1]],
  ['a name without an end', [...head(1, 0), 3, 97]],
  [
    'a name of 300 bytes',
    [
      ...head(1, 0),
      ...Array(5)
        .fill([60, ...Array(60).fill(97)])
        .flat(),
      0,
    ],
  ],
  ['a record that ends early', [...head(1, 1), ...question, ...pointer, 0, 1, 0, 1]],
  ['an address of three bytes', [...head(1, 1), ...question, ...record(pointer, 1, 9, [1, 2, 3])]],
]
for (const [what, bytes] of wrong) {
  test(`a message of ${what} is refused`, () => {
    assert.throws(() => parseDnsMessage(Uint8Array.from(bytes)), { code: 'confine/dns' })
  })
}

test('a name holds nothing that a shell or a log could take for more', () => {
  const odd = [4, 97, 10, 36, 40, 0]
  const { questions } = parseDnsMessage(Uint8Array.from([...head(1, 0), ...odd, 0, 1, 0, 1]))
  assert.equal(questions[0]?.name, 'a\\010\\036\\040')
})
