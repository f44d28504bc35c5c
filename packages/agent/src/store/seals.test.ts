import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { treePath } from '../disk/paths.ts'
import { LaidTrees } from '../testing/laid-trees.test.ts'

const files = { 'bin/main': 'run\n', 'share/text': 'hello', 'share/deep/er': 'x' }
const others = [{ kind: 'link' as const, path: 'share/alias', target: '/share/text' }]
const isRoot = process.getuid?.() === 0

describe('a tree is refused where somebody', { concurrency: 4 }, () => {
  const rows: [what: string, does: (place: string) => void, path: string, fault: string][] = [
    ['changed a byte in place and set its times back', changeByte, 'share/text', 'content'],
    [
      'added a byte',
      place => writeFileSync(join(place, 'share/text'), '!', { flag: 'a' }),
      'share/text',
      'size',
    ],
    ['cut a file', place => writeFileSync(join(place, 'share/text'), 'hel'), 'share/text', 'size'],
    ['put another file in its place', place => replace(place, 'hallo'), 'share/text', 'content'],
    ['took a file', place => unlinkSync(join(place, 'share/text')), 'share/text', 'missing'],
    ['put in a file', place => writeFileSync(join(place, 'share/new'), ''), 'share/new', 'extra'],
    ['put in a folder', place => mkdirSync(join(place, 'bin/d')), 'bin/d', 'extra'],
    [
      'put in a name that is no text',
      place => writeFileSync(unreadable(place), ''),
      'bin/\ufffd',
      'extra',
    ],
    [
      'took a folder',
      place => rmSync(join(place, 'share/deep'), { recursive: true }),
      'share/deep',
      'missing',
    ],
    [
      'made a file executable',
      place => chmodSync(join(place, 'share/text'), 0o755),
      'share/text',
      'mode',
    ],
    [
      'made a program setuid',
      place => chmodSync(join(place, 'bin/main'), 0o4755),
      'bin/main',
      'mode',
    ],
    ['opened a folder to all', place => chmodSync(join(place, 'share'), 0o777), 'share', 'mode'],
    ['opened the tree to all', place => chmodSync(place, 0o777), '', 'mode'],
    ['pointed a link elsewhere', place => relink(place, '/share/deep/er'), 'share/alias', 'target'],
    ['put a link in place of a file', fileToLink, 'share/text', 'kind'],
    ['put a link in place of a folder', folderToLink, 'share/deep', 'kind'],
    ['put a link in place of the tree', treeToLink, '', 'kind'],
    ['took the tree', place => rmSync(place, { recursive: true }), '', 'missing'],
  ]
  for (const [what, does, path, fault] of rows) {
    test(what, () => refusedAfter(does, path, fault))
  }

  test('gave a file away', { skip: !isRoot && 'needs root' }, () =>
    refusedAfter(place => chownSync(join(place, 'share/text'), 1234, 1234), 'share/text', 'owner'),
  )
})

describe('a sound tree', () => {
  test('is not read again while the file system vouches for it', async () => {
    await using laid = await LaidTrees.make()
    const tree = await laid.bring(files, others)
    await laid.trees.install(tree)
    await laid.settle()
    await laid.seals.refuseDamaged(tree)
    const listing = await laid.objects.find(tree)
    // Only who reads the tree needs its listing.
    unlinkSync(listing!)
    await laid.seals.refuseDamaged(tree)
  })

  const rows: [what: string, unseat: (laid: LaidTrees, place: string) => void][] = [
    ['after a file of it was touched', (_, place) => utimesSync(join(place, 'share/text'), 1, 1)],
    [
      'after a link more to one of its files',
      (laid, place) => linkSync(join(place, 'share/text'), join(laid.paths.root, 'l')),
    ],
    ['after the clock was set back', laid => (laid.clockOffsetMs = -5000)],
  ]
  for (const [what, unseat] of rows) {
    test(`is read again ${what}`, async () => {
      await using laid = await LaidTrees.make()
      const tree = await laid.bring(files, others)
      await laid.trees.install(tree)
      await laid.settle()
      await laid.seals.refuseDamaged(tree)
      unseat(laid, treePath(laid.paths, tree))
      const listing = await laid.objects.find(tree)
      unlinkSync(listing!)
      await assert.rejects(laid.seals.refuseDamaged(tree), { code: 'agent/damaged-object' })
    })
  }

  test('is read again where it changed so lately that its times could not tell', async () => {
    await using laid = await LaidTrees.make()
    const tree = await laid.bring(files, others)
    await laid.trees.install(tree)
    laid.clockOffsetMs = -1000
    await laid.seals.refuseDamaged(tree)
    unlinkSync((await laid.objects.find(tree))!)
    await assert.rejects(laid.seals.refuseDamaged(tree), { code: 'agent/damaged-object' })
  })
})

test('a tree whose listing was changed is refused by the listing', async () => {
  await using laid = await LaidTrees.make()
  const tree = await laid.bring(files, others)
  await laid.trees.install(tree)
  const listing = (await laid.objects.find(tree))!
  writeFileSync(listing, readFileSync(listing, 'utf8').replace('"644"', '"755"'))
  await assert.rejects(laid.seals.refuseDamaged(tree), { code: 'agent/damaged-object' })
})

/** Sealed first, so that it is the file system that gives it away. */
test('a tree that is taken away while it is read has faults, and is no fault of the reader', async () => {
  await using laid = await LaidTrees.make()
  const tree = await laid.bring(files)
  let breaths = 0
  const count = () => {
    breaths += 1
    return undefined
  }
  await laid.trees.install(tree)
  assert.deepEqual(await laid.seals.faultsOf(tree, count), [])
  for (let taken = breaths; taken > 0; taken--) {
    let left = taken
    await laid.trees.install(tree)
    await laid.seals.faultsOf(tree, () => (--left === 0 ? laid.trees.remove(tree) : undefined))
    assert.equal(left <= 0, true)
  }
})

async function refusedAfter(
  does: (place: string) => void,
  path: string,
  fault: string,
): Promise<void> {
  await using laid = await LaidTrees.make()
  const tree = await laid.bring(files, others)
  await laid.trees.install(tree)
  await laid.settle()
  await laid.seals.refuseDamaged(tree)
  const place = treePath(laid.paths, tree)
  does(place)
  await assert.rejects(laid.seals.refuseDamaged(tree), error => {
    assert.ok(error instanceof Error && 'code' in error && 'details' in error)
    assert.equal(error.code, 'agent/damaged-tree')
    const details = error.details as { path: string; fault: string }
    assert.deepEqual([details.path, details.fault], [path, fault])
    return true
  })
  assert.ok(existsSync(laid.paths.trees))
}

function changeByte(place: string): void {
  const path = join(place, 'share/text')
  const { atime, mtime } = statSync(path)
  const file = openSync(path, 'r+')
  writeSync(file, 'j', 0)
  closeSync(file)
  utimesSync(path, atime, mtime)
}

function replace(place: string, text: string): void {
  unlinkSync(join(place, 'share/text'))
  writeFileSync(join(place, 'share/text'), text, { mode: 0o644 })
}

function relink(place: string, target: string): void {
  unlinkSync(join(place, 'share/alias'))
  symlinkSync(target, join(place, 'share/alias'))
}

function fileToLink(place: string): void {
  writeFileSync(join(place, '../same'), 'hello')
  unlinkSync(join(place, 'share/text'))
  symlinkSync('../../same', join(place, 'share/text'))
}

function folderToLink(place: string): void {
  mkdirSync(join(place, '../deep'))
  writeFileSync(join(place, '../deep/er'), 'x')
  rmSync(join(place, 'share/deep'), { recursive: true })
  symlinkSync('../../deep', join(place, 'share/deep'))
}

function treeToLink(place: string): void {
  mkdirSync(`${place}.other`)
  rmSync(place, { recursive: true })
  symlinkSync(`${place}.other`, place)
}

function unreadable(place: string): Buffer {
  return Buffer.concat([Buffer.from(join(place, 'bin/')), Buffer.from([0xff])])
}
