import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { test } from 'node:test'
import { digestOf, isCoded, toUtf8 } from '@steadfleet/base'
import { type LockedSource, openProvenance, parseLock } from '@steadfleet/evidence'
import { makeProvenanceVectors } from './vectors-provenance.ts'

const folder = 'vectors/provenance'
const files = globSync(`${folder}/**/*.json`).sort()

test('the vectors of provenance are those that are made from fixed keys', async () => {
  const made = await makeProvenanceVectors()
  const frozen = files.map(file => [relative(folder, file), readFileSync(file, 'utf8')] as const)
  assert.deepEqual(Object.fromEntries(frozen), Object.fromEntries(made))
})

for (const file of files) {
  test(`${file} gets its answer`, () => {
    const vector = JSON.parse(readFileSync(file, 'utf8'))
    const answer = outcomeOf(() => ('content' in vector ? readLock(vector) : open(vector)))
    assert.deepEqual(pick(answer, vector.expect), vector.expect)
  })
}

type Offered = Parameters<typeof openProvenance>
interface ProvenanceVector {
  readonly envelope: string
  readonly builders: Offered[1]
  readonly release: Offered[2]
}

function open({ builders, release, envelope }: ProvenanceVector): object {
  const opened = openProvenance(toUtf8(envelope), builders, release)
  const { commit } = opened
  return {
    builder: opened.builder.id,
    release: opened.release,
    manifest: opened.manifest,
    lock: opened.lock,
    inputs: opened.inputs.map(({ digest }) => digest),
    commit: commit?.commit ?? null,
    isClean: commit?.isClean ?? null,
    isRetired: opened.signer.retired === true,
  }
}

function readLock({ content }: { content: string }): object {
  const { manifest, builds } = parseLock(toUtf8(content))
  const sources = Object.values(builds).flatMap(build => build.sources)
  return { digest: digestOf(toUtf8(content)), manifest, inputs: sources.flatMap(digestsOf) }
}

function digestsOf(source: LockedSource): string[] {
  return 'directory' in source ? [source.digest] : source.packages.map(({ digest }) => digest)
}

function outcomeOf(read: () => object): object {
  try {
    return read()
  } catch (error) {
    if (isCoded(error)) return { code: error.code }
    throw error
  }
}

/** The members of an answer that the vector speaks of. */
function pick(answer: object, expect: object): object {
  return Object.fromEntries(
    Object.keys(expect).map(key => [key, (answer as Record<string, unknown>)[key]]),
  )
}
