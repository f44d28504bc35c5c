import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeLogVectors } from '@steadfleet/authority/testing'
import { type Json, toUtf8 } from '@steadfleet/base'
import { acceptLogged, logPolicy, openCheckpoint, parseLogProof } from './index.ts'

const folder = fileURLToPath(new URL('../../../vectors/log/', import.meta.url))
const names = globSync('*/*.json', { cwd: folder }).sort()

interface LogVector {
  readonly expect: { readonly code?: string; readonly size?: number }
  readonly policy: Json
  readonly held: string | null
  readonly proof: string
  readonly leaf: string
}

describe('a leaf that is offered with a proof', () => {
  for (const name of names) {
    const { expect, ...vector }: LogVector = JSON.parse(readFileSync(folder + name, 'utf8'))
    test(`${name} is ${expect.code ? `refused with ${expect.code}` : 'taken'}`, () => {
      if (expect.code) assert.throws(() => accept(vector), { code: expect.code })
      else assert.equal(accept(vector).size, expect.size)
    })
  }
})

test('the frozen vectors of log are those that tools/vectors.ts makes', async () => {
  const vectors = await makeLogVectors()
  assert.deepEqual([...vectors.keys()].sort(), names)
  for (const [name, text] of vectors) assert.equal(readFileSync(folder + name, 'utf8'), text, name)
})

function accept(vector: Omit<LogVector, 'expect'>) {
  const policy = logPolicy(vector.policy, 'policy')
  const held = vector.held === null ? undefined : openCheckpoint(policy.key, vector.held)
  return acceptLogged(policy, held, parseLogProof(vector.proof), toUtf8(vector.leaf))
}
