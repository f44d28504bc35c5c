import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  makeCatalogueVectors,
  makeLogVectors,
  makeStatementVectors,
} from '@steadfleet/authority/testing'
import { makeProvenanceVectors } from './vectors-provenance.ts'

// Writes the frozen vectors of trust anew. Run it only when a format is meant to change: a test
// holds what is frozen to what is made, and released devices hold us to what was frozen.
for (const [folder, vectors] of [
  ['catalogue', await makeCatalogueVectors()],
  ['statements', await makeStatementVectors()],
  ['log', await makeLogVectors()],
  ['provenance', await makeProvenanceVectors()],
] as const) {
  for (const [name, text] of vectors) {
    const path = resolve('vectors', folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}
