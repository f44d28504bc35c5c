import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { toHexDigest } from '@steadfleet/base'
import { OfflineFile } from './offline-file.ts'

const vectors = new URL('../../../../vectors/offline/', import.meta.url)

interface Vector {
  readonly file: string
  readonly says: string
  readonly documents?: Record<string, string>
  readonly bundles?: Record<string, string>
  readonly refused?: string
}

const rows: Vector[] = JSON.parse(readFileSync(new URL('index.json', vectors), 'utf8'))

describe('the offline file', () => {
  for (const { file, says, refused, ...held } of rows) {
    test(`${file} ${refused ? `is refused with ${refused}` : 'is read'}: ${says}`, async () => {
      const reading = contentOf(fileURLToPath(new URL(file, vectors)))
      if (refused) await assert.rejects(reading, { code: refused })
      else assert.deepEqual(await reading, held)
    })
  }
})

async function contentOf(path: string): Promise<Pick<Vector, 'documents' | 'bundles'>> {
  await using file = await OfflineFile.open(path)
  const documents: Record<string, string> = {}
  for (const name of file.named('/'))
    documents[name] = Buffer.from((await file.document(name)) ?? []).toString()
  const bundles: Record<string, string> = {}
  for (const tree of file.trees.map(toHexDigest)) {
    const pieces: Uint8Array[] = []
    for await (const piece of file.bundle(tree, 0)?.bytes ?? []) pieces.push(piece)
    bundles[tree] = Buffer.concat(pieces).toString()
  }
  return { documents, bundles }
}
