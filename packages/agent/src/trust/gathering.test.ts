import assert from 'node:assert/strict'
import { mkdtemp, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fromUtf8, toUtf8 } from '@steadfleet/base'
import { CatalogueFiles } from './catalogue-files.ts'
import { gathering } from './gathering.ts'

describe('what a refresh commits', () => {
  test('is read back before it is kept, and becomes one generation', async () => {
    await using place = await folder()
    const files = new CatalogueFiles(place.path)
    const store = gathering(files)
    await store.commit(of({ 'root.json': 'first', 'timestamp.json': 'old' }))
    await store.keep()
    await store.commit(of({ 'root.json': 'next', 'timestamp.json': '' }))
    await store.commit(of({ 'snapshot.json': 'new' }))
    assert.deepEqual(await textsIn(store), ['next', undefined, 'new'])
    assert.deepEqual(await textsIn(files), ['first', 'old', undefined])
    await store.keep()
    assert.deepEqual(await textsIn(files), ['next', undefined, 'new'])
    assert.equal(await readlink(join(place.path, 'current')), '2')
  })

  test('makes no generation where there is nothing new', async () => {
    await using place = await folder()
    const files = new CatalogueFiles(place.path)
    const store = gathering(files)
    await store.commit(of({ 'root.json': 'first' }))
    await store.keep()
    await store.keep()
    assert.equal(await readlink(join(place.path, 'current')), '1')
  })

  test('waits on where it can’t be kept', async () => {
    await using place = await folder()
    const files = new CatalogueFiles(place.path)
    let isFull = true
    const store = gathering({
      read: name => files.read(name),
      commit: async changed => {
        if (isFull) throw new RangeError('cannot write: the disk is full')
        await files.commit(changed)
      },
    })
    await store.commit(of({ 'root.json': 'first' }))
    await assert.rejects(store.keep(), RangeError)
    assert.equal((await textsIn(store))[0], 'first')
    isFull = false
    await store.keep()
    assert.equal((await textsIn(files))[0], 'first')
  })
})

function of(texts: Readonly<Record<string, string>>): Map<string, Uint8Array> {
  return new Map(Object.entries(texts).map(([name, text]) => [name, toUtf8(text)]))
}

function textsIn(store: Pick<CatalogueFiles, 'read'>): Promise<(string | undefined)[]> {
  const names = ['root.json', 'timestamp.json', 'snapshot.json']
  return Promise.all(
    names.map(async name => {
      const bytes = await store.read(name)
      return bytes && fromUtf8(bytes)
    }),
  )
}

async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'steadfleet-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
