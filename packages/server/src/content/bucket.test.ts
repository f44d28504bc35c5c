import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { digestOf, toHexDigest } from '@steadfleet/base'
import S3rver from 's3rver'
import { ServerError } from '../error.ts'
import { makeRelease } from '../testing/test-release.ts'
import type { Bucket, BucketPlace } from './bucket.ts'
import { openBucket } from './bucket.ts'
import { openContent } from './content.ts'
import { openS3Bucket } from './s3-bucket.ts'
import { bring } from './shared-content.ts'

const key = { id: 'S3RVER', secret: 'S3RVER' }
let folder = ''
let store: S3rver
let endpoint = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steadfleet-bucket-'))
  const buckets = [{ name: 'fleet' }]
  const served = { address: '127.0.0.1', port: 0, silent: true, directory: join(folder, 's3') }
  store = new S3rver({ ...served, configureBuckets: buckets })
  endpoint = `http://127.0.0.1:${(await store.run()).port}`
})
after(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const places: [name: string, place: () => BucketPlace][] = [
  ['a folder', () => ({ folder: join(folder, 'shared') })],
  ['an S3 interface', () => s3()],
]
for (const [name, place] of places) {
  describe(`content kept behind ${name}`, () => {
    test('is there for another server, made from what the first one was sent in parts', async () => {
      await using first = await openContent(await ownFolder(), place())
      const { bundle, objects, record } = await makeRelease({ revision: 1 })
      const digest = digestOf(bundle)
      const half = Math.floor(bundle.length / 2)
      const part = { offset: 0, length: bundle.length }
      await first.uploads.add(digest, { ...part, bytes: bundle.subarray(0, half) })
      assert.deepEqual(await first.uploads.stateOf(digest), { offset: half, complete: false })
      await first.uploads.add(digest, { ...part, offset: half, bytes: bundle.subarray(half) })

      await using second = await openContent(await ownFolder(), place())
      for (const [digest, bytes] of objects) {
        assert.equal(await second.objects.lengthOf(digest), bytes.length)
      }
      const tree = record.tree.digest
      assert.deepEqual(await second.objects.read(tree), objects.get(tree))
      const [a, b] = await Promise.all(
        [first, second].map(async one => {
          return readFile(join(one.bundlesFolder, await one.bundleFile(tree, undefined)))
        }),
      )
      assert.deepEqual(a, b)
    })

    test('takes over what a folder held before, once', async () => {
      const own = await ownFolder()
      const bytes = randomBytes(100)
      const digest = digestOf(bytes)
      const hex = toHexDigest(digest)
      await mkdir(join(own, 'objects', hex.slice(0, 2)), { recursive: true })
      await writeFile(join(own, 'objects', hex.slice(0, 2), hex), bytes)
      await using _ = await openContent(own, place())
      const bucket = await openBucket(place())
      assert.equal(await bucket.lengthOf(`objects/${hex.slice(0, 2)}/${hex}`), 100)
    })

    test('is refused where it is not what its name says', async () => {
      const bucket = await openBucket(place())
      const digest = digestOf(randomBytes(10))
      const hex = toHexDigest(digest)
      const other = join(folder, 'other')
      await writeFile(other, randomBytes(10))
      await bucket.put(`objects/${hex.slice(0, 2)}/${hex}`, other)
      const own = await ownFolder()
      await using content = await openContent(own, place())
      await assert.rejects(content.objects.read(digest), { code: 'content/store-damaged' })
      const left = await readdir(join(own, 'objects'), { recursive: true })
      assert.deepEqual(
        left.filter(path => path.includes(hex)),
        [],
      )
      await assert.rejects(content.objects.read(digestOf(randomBytes(1))), {
        code: 'content/unknown',
      })
    })

    test('is read from any byte on', async () => {
      const bucket = await openBucket(place())
      const path = join(folder, 'ranged')
      const bytes = randomBytes(1000)
      await writeFile(path, bytes)
      await bucket.put('ranged', path)
      const body = await bucket.read('ranged', 990)
      assert.deepEqual(await whole(body), bytes.subarray(990))
      assert.equal(await bucket.read('none', 0), undefined)
      assert.equal(await bucket.lengthOf('none'), undefined)
    })
  })
}

test('a long file goes to an S3 interface in parts, and comes back whole', async () => {
  const bytes = randomBytes(11 * 1024 ** 2)
  const path = join(folder, 'long')
  await writeFile(path, bytes)
  const bucket = openS3Bucket(s3(), 5 * 1024 ** 2)
  await bucket.put('long', path)
  const found = await whole(await bucket.read('long', 0))
  assert.equal(found.equals(bytes), true)
})

test('what breaks off on the way goes on at the byte where it was, and is given up in the end', async () => {
  const bytes = randomBytes(1000)
  const digest = digestOf(bytes)
  const starts: number[] = []
  const broken = new ServerError('content/store-unreachable', 'cannot reach it: it broke off')
  const breaking = (most: number): Bucket => ({
    lengthOf: async () => bytes.length,
    put: assert.fail,
    async read(_, start) {
      starts.push(start)
      return (async function* () {
        yield bytes.subarray(start, start + 400)
        if (starts.length < most) throw broken
        yield bytes.subarray(start + 400)
      })()
    },
  })
  const own = await ownFolder()
  await bring({ bucket: breaking(3), folder: own }, [digest])
  const hex = toHexDigest(digest)
  assert.equal((await readFile(join(own, hex.slice(0, 2), hex))).equals(bytes), true)
  assert.deepEqual(starts, [0, 400, 800])
  starts.length = 0
  await assert.rejects(bring({ bucket: breaking(9), folder: await ownFolder() }, [digest]), {
    code: 'content/store-unreachable',
  })
  assert.equal(starts.length, 3)
})

describe('an S3 interface', () => {
  const secret = 'a-secret-that-nobody-may-read'
  const rows: [what: string, place: () => S3, code: string][] = [
    ['that knows no such key', () => s3({ key: { id: 'nobody', secret } }), 'content/store-denied'],
    ['without the bucket', () => s3({ bucket: 'none' }), 'content/store-denied'],
    [
      'that is not there',
      () => s3({ endpoint: 'http://127.0.0.1:1' }),
      'content/store-unreachable',
    ],
  ]
  for (const [what, place, code] of rows) {
    test(`${what} is refused as ${code}, without a word of the key`, async () => {
      const path = join(folder, 'denied')
      await writeFile(path, 'x')
      await assert.rejects(openS3Bucket(place()).put('x', path), (error: Error) => {
        assert.equal((error as Error & { code: string }).code, code)
        assert.doesNotMatch(JSON.stringify([error.message, error]), /a-secret|nobody/)
        return true
      })
    })
  }
})

type S3 = Exclude<BucketPlace, { readonly folder: string }>

function s3(more: Partial<S3> = {}): S3 {
  return { bucket: 'fleet', prefix: 'a/', region: 'us-east-1', endpoint, key, ...more }
}

function ownFolder(): Promise<string> {
  return mkdtemp(join(folder, 'own-'))
}

async function whole(body: AsyncIterable<Uint8Array> = assert.fail()): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
