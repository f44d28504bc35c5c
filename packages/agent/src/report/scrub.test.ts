import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { scrubLines, scrubRules, scrubText, secretsIn } from './scrub.ts'

interface Case {
  readonly name: string
  readonly lines: readonly string[]
  readonly secrets?: readonly string[]
  readonly scrubbed: readonly string[]
}

const vectors = new URL('../../../../vectors/scrub/cases.json', import.meta.url)
const cases: readonly Case[] = JSON.parse(readFileSync(vectors, 'utf8'))

describe('what leaves the device of what an app printed', () => {
  for (const { name, lines, secrets, scrubbed } of cases) {
    test(name, () => assert.deepEqual(scrubLines(lines, secrets), scrubbed))
  }

  test('is nothing of nothing', () => assert.deepEqual(scrubLines([]), []))

  test('was met by each rule', () => {
    const all = cases.map(({ lines }) => lines.join('\n'))
    const idle = scrubRules.filter(({ pattern }) => !all.some(text => text.search(pattern) >= 0))
    assert.deepEqual(
      idle.map(({ name }) => name),
      [],
    )
  })

  test('holds no secret, wherever and however it is said', () => {
    fc.assert(
      fc.property(noise, secret, noise, fc.constantFrom(...ways), (before, hidden, after, say) => {
        const text = `${before}\n${say(hidden)}\n${after}`
        const left = scrubLines(text.split('\n')).join('\n')
        assert.ok(!left.includes(hidden), left)
      }),
      { numRuns: 500 },
    )
  })

  test('holds no value of a secret setting', () => {
    const values = fc.string({ minLength: 4, maxLength: 40 })
    fc.assert(
      fc.property(noise, values, noise, (before, value, after) => {
        const left = scrubText(`${before} ${value} ${after}`, [value])
        assert.ok(
          !left.replaceAll('[scrubbed]', '').includes(value) || '[scrubbed]'.includes(value),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('is found in time however long a hostile line is', () => {
    const hostile = [
      'a-'.repeat(2000),
      'a://'.repeat(1000),
      'token'.repeat(800),
      '"\\'.repeat(2000),
    ]
    const lines = Array.from({ length: 60 }, (_, i) => hostile[i % hostile.length] ?? '')
    const began = process.cpuUsage().user
    scrubLines(lines)
    assert.ok(process.cpuUsage().user - began < 5_000_000)
  })

  test('leaves out settings by their names alone', () => {
    const values = { 'api-key': 'abc', 'mqtt-password': 'def', greeting: 'hello', 'token-count': 3 }
    assert.deepEqual(secretsIn(values), ['abc', 'def'])
  })
})

const letters = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789')
const secret = fc.string({ unit: letters, minLength: 24, maxLength: 60 })
const noise = fc.array(fc.lorem({ maxCount: 5 }), { maxLength: 4 }).map(lines => lines.join('\n'))

/** How programs give a secret away. */
const ways: readonly ((secret: string) => string)[] = [
  one => `authorization: Bearer ${one}`,
  one => `curl -H "Authorization: Basic ${one}"`,
  one => `https://ada:${one}@example.com/`,
  one => `PASSWORD=${one}`,
  one => `my-api-key = "${one}"`,
  one => `{"token": "${one}"}`,
  one => `secret: ${one}`,
  one => `--access-token ${one}`,
  one => `-----BEGIN RSA PRIVATE KEY-----\n${one}\n-----END RSA PRIVATE KEY-----`,
  one => `-----BEGIN PRIVATE KEY-----\n${one}`,
  one => `${one}\n-----END OPENSSH PRIVATE KEY-----`,
  one => `key ghp_${one}`,
  one => `whsec_${one}`,
  one => `Cookie: a=1; session=${one}`,
]
