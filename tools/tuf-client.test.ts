import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  allKinds,
  inDays,
  newParty,
  type Party,
  Repository,
  serveRepositories,
  topRoles,
} from './tuf-client.repository.ts'

/**
 * What the public conformance suite asks of a TUF client, in our own words and against our own
 * repository: `tools/tuf-client` runs as a child, and is judged by its exit, by the metadata it
 * trusts, by what it downloaded and by what it asked for.
 */
const tool = fileURLToPath(new URL('tuf-client', import.meta.url))
/** The client is mostly its start: a few at a time keep the processors busy. */
const concurrency = 4

let server: Awaited<ReturnType<typeof serveRepositories>>
let folder: string
before(async () => {
  server = await serveRepositories()
  folder = mkdtempSync(join(tmpdir(), 'steadfleet-tuf-client-'))
})
after(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const all = (version: number, but: Record<string, number> = {}): Record<string, number> => ({
  ...Object.fromEntries(topRoles.map(role => [role, version])),
  ...but,
})

describe('a client', { concurrency }, () => {
  test('that begins asks for the next root, then for each role once', async () => {
    const { repository, client } = begin()
    assert.equal(await client.init(), 0)
    assert.deepEqual(repository.requests, [])
    assert.equal(await client.refresh(), 0)
    const asked = ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']
    assert.deepEqual(repository.requests, asked)
    for (const role of topRoles) {
      assert.deepEqual(client.file(role), repository.published.get(role)?.at(-1))
    }
  })

  test('that downloads refreshes first', async () => {
    const { repository, client } = begin()
    assert.equal(await client.download('nothing of this name'), 1)
    assert.equal(repository.requests.length, 4)
    assert.deepEqual(client.trusted(), all(1))
  })

  test('keeps files as they were served', async () => {
    const { repository, client } = begin()
    const files = repository.published.get('timestamp')!
    files[0] = new Uint8Array([...files[0]!, 0x20, 0x0a])
    assert.equal(await client.refresh(), 0)
    assert.deepEqual(client.file('timestamp'), files[0])
  })

  test('asks for names without version where snapshots are not consistent', async () => {
    const { repository, client } = begin(({ documents }) => {
      documents.get('root')!.consistent_snapshot = false
    })
    repository.addTarget('targets', 'a/b', 'content')
    repository.publish('targets', 'snapshot', 'timestamp')
    assert.equal(await client.download('a/b'), 0)
    const asked = ['2.root.json', 'timestamp.json', 'snapshot.json', 'targets.json']
    assert.deepEqual(repository.requests, asked)
    assert.deepEqual(repository.downloads, ['a/b'])
  })

  test('takes members that it does not know, in keys as well', async () => {
    const { repository, client } = begin()
    Object.assign(repository.document('root'), { custom: { a: [1, 'b'] } })
    Object.assign(repository.document('root').roles!.root!, { note: 'n' })
    repository.addKey('root', newParty(undefined, { extra: { a: 1, b: 2 } }))
    repository.setKeys('snapshot', [newParty(undefined, { keyid_hash_algorithms: ['md5'] })])
    repository.publish('root', 'snapshot', 'timestamp')
    assert.equal(await client.refresh(), 0)
    assert.deepEqual(client.trusted(), all(2, { targets: 1 }))
  })

  for (const [what, bend] of [
    ['without a version', { version: undefined }],
    ['that its keys did not sign', { expires: inDays(31) }],
  ] as const) {
    test(`given a first root ${what} asks for nothing`, async () => {
      const { repository, client } = begin()
      repository.bend('root', file => Object.assign(file.signed, bend))
      await client.init()
      assert.equal(await client.refresh(), 1)
      assert.deepEqual(repository.requests, [])
    })
  }
})

describe('a role', { concurrency }, () => {
  const rows: [role: string, trusted: Record<string, number>][] = [
    ['root', { root: 1 }],
    ['timestamp', { root: 2 }],
    ['snapshot', { root: 2, timestamp: 2 }],
    ['targets', { root: 2, timestamp: 2, snapshot: 2 }],
  ]
  for (const [role, trusted] of rows) {
    test(`${role} that nobody signed is refused, and what comes before it is kept`, async () => {
      const { repository, client } = begin()
      repository.signers.set(role, [])
      repository.publish('root', 'targets', 'snapshot', 'timestamp')
      assert.equal(await client.refresh(), 1)
      assert.deepEqual(client.trusted(), trusted)
    })
    if (role === 'timestamp') continue
    test(`${role} of another version than it was asked for is refused`, async () => {
      const { repository, client } = begin()
      repository.document(role).version++
      repository.publish('root', 'targets', 'snapshot', 'timestamp')
      if (role !== 'root') {
        const above = repository.document(role === 'targets' ? 'snapshot' : 'timestamp')
        above.meta![`${role}.json`]!.version = 2
        repository.publish(...(role === 'targets' ? ['snapshot', 'timestamp'] : ['timestamp']))
      }
      assert.equal(await client.refresh(), 1)
      assert.deepEqual(Object.keys(client.trusted()).toSorted(), Object.keys(trusted).toSorted())
    })
  }

  test('timestamp changed without a new version is set aside', async () => {
    const { repository, client } = begin()
    assert.equal(await client.refresh(), 0)
    const before = client.file('timestamp')
    repository.restart('timestamp')
    repository.document('timestamp').meta!['snapshot.json']!.version = 100
    repository.publish('timestamp')
    assert.equal(await client.refresh(), 0)
    assert.equal(repository.requests.at(-1), 'timestamp.json')
    assert.deepEqual(client.file('timestamp'), before)
  })

  test('timestamp that is a snapshot by its type is refused', async () => {
    const { repository, client } = begin()
    repository.addKey('snapshot', repository.signers.get('timestamp')![0])
    repository.document('snapshot').meta = { 'snapshot.json': { version: 1 } }
    repository.publish('root', 'snapshot')
    repository.published.get('timestamp')!.push(repository.published.get('snapshot')!.pop()!)
    assert.equal(await client.refresh(), 1)
    assert.deepEqual(client.trusted(), { root: 2 })
  })

  test('whose digest is named is held to it', async () => {
    const { repository, client } = begin()
    repository.isHashing = true
    repository.publish('targets', 'snapshot', 'timestamp')
    assert.equal(await client.refresh(), 0)
    repository.publish('targets')
    repository.document('snapshot').meta!['targets.json']!.hashes = { sha256: '4'.repeat(64) }
    repository.publish('snapshot', 'timestamp')
    assert.equal(await client.refresh(), 1)
    assert.deepEqual(client.trusted(), { root: 1, timestamp: 3, snapshot: 3, targets: 2 })
  })

  test('that is not there fails the refresh, and what names it is kept', async () => {
    const { repository, client } = begin()
    assert.equal(await client.refresh(), 0)
    repository.document('timestamp').meta!['snapshot.json']!.version = 2
    repository.publish('timestamp')
    assert.equal(await client.refresh(), 1)
    assert.equal(repository.requests.at(-1), '2.snapshot.json')
    assert.deepEqual(client.trusted(), all(1, { timestamp: 2 }))
    repository.document('snapshot').meta!['targets.json']!.version = 2
    repository.publish('snapshot', 'timestamp')
    assert.equal(await client.refresh(), 1)
    assert.equal(repository.requests.at(-1), '2.targets.json')
    assert.deepEqual(client.trusted(), { root: 1, timestamp: 3, snapshot: 2, targets: 1 })
    repository.published.delete('timestamp')
    assert.equal(await client.refresh(), 1)
    assert.equal(repository.requests.at(-1), 'timestamp.json')
  })

  test('without end is cut off', async () => {
    const { repository, client } = begin()
    repository.published.set('timestamp', [new Uint8Array(20_000).fill(0x20)])
    assert.equal(await client.refresh(), 1)
    assert.deepEqual(client.trusted(), { root: 1 })
  })
})

describe('a signature', { concurrency }, () => {
  for (const kind of allKinds) {
    test(`by ${kind} counts, and a false one does not`, async () => {
      const { repository, client } = begin()
      const party = repository.addKey('root', newParty(kind))
      repository.document('root').roles!.root!.threshold = 2
      repository.publish('root')
      assert.equal(await client.refresh(), 0)
      assert.equal(client.trusted().root, 2)
      repository.publish('root')
      repository.bend('root', ({ signatures }) => {
        const own = signatures.find(({ keyid }) => keyid === party.keyid)!
        own.sig = party.sign(Buffer.from('something else'))
      })
      assert.equal(await client.refresh(), 1)
      assert.equal(client.trusted().root, 2)
    })
  }

  test('too few leaves the snapshot untrusted', async () => {
    const { repository, client } = begin()
    repository.setKeys('snapshot', [newParty(), newParty(), newParty()], 3)
    repository.publish('root', 'targets', 'snapshot', 'timestamp')
    assert.equal(await client.refresh(), 0)
    repository.signers.get('snapshot')!.pop()
    repository.publish('targets', 'snapshot', 'timestamp')
    assert.equal(await client.refresh(), 1)
    assert.equal(client.trusted().snapshot, 2)
  })

  test('of every key is too few where the threshold is above their number', async () => {
    const { repository, client } = begin()
    const keys = Array.from({ length: 5 }, () => newParty())
    repository.setKeys('snapshot', keys, 6)
    repository.publish('root', 'snapshot', 'timestamp')
    assert.equal(await client.refresh(), 1)
    assert.deepEqual(client.trusted(), { root: 2, timestamp: 2 })
  })

  test('nine times by one key named nine times is one', async () => {
    const { repository, client } = begin()
    const party = newParty()
    const nine = Array.from({ length: 9 }, () => party)
    repository.setKeys('snapshot', nine, 6)
    repository.publish('root', 'snapshot', 'timestamp')
    assert.equal(await client.refresh(), 1)
    assert.equal(client.trusted().snapshot, undefined)
  })

  test('may stand only once for each key id, even where it suffices', async () => {
    const { repository, client } = begin()
    repository.bend('snapshot', ({ signatures }) => signatures.push(signatures[0]!))
    assert.equal(await client.refresh(), 1)
    assert.deepEqual(client.trusted(), { root: 1, timestamp: 1 })
  })

  test('that is false or empty spoils nothing beside one that suffices', async () => {
    const { repository, client } = begin()
    repository.addKey('timestamp')
    repository.publish('root')
    for (const sig of ['', 'not hexadecimal', '3045022100ee448afe2d25dd1f05afedac83']) {
      repository.publish('timestamp')
      repository.bend('timestamp', ({ signatures }) => {
        signatures[0]!.sig = sig
      })
      assert.equal(await client.refresh(), 0, sig)
    }
    assert.equal(client.trusted().timestamp, 4)
  })
})

describe('a root', { concurrency }, () => {
  type Version = [keys: string, threshold: number, signers: string]
  const rows: [name: string, isTaken: boolean, ...versions: Version[]][] = [
    ['1 of 1, key rotated', true, ['1', 1, '1'], ['2', 1, '21'], ['2', 1, '2']],
    ['1 of 1, strangers sign too', true, ['1', 1, '314'], ['2', 1, '3214'], ['2', 1, '324']],
    ['3 of 5, other three', true, ['01234', 3, '024'], ['01234', 3, '041'], ['01234', 3, '013']],
    ['3 of 5, one key rotated', true, ['01234', 3, '024'], ['01345', 3, '041']],
    ['3 of 5, in two steps', true, ['01234', 3, '024'], ['01345', 3, '0245'], ['01345', 3, '045']],
    ['3 of 5, all rotated', true, ['01234', 3, '024'], ['56789', 3, '024567'], ['56789', 3, '567']],
    ['threshold raised', true, ['123', 1, '1'], ['123', 2, '12']],
    ['threshold lowered', true, ['123', 2, '12'], ['123', 1, '12'], ['123', 1, '1']],
    ['key and threshold added', true, ['1', 1, '1'], ['12', 2, '12']],
    ['without the old key', false, ['1', 1, '1'], ['2', 1, '234']],
    ['without the new key', false, ['1', 1, '1'], ['2', 1, '134']],
    ['3 of 5, two of the new', false, ['01234', 3, '024'], ['01345', 3, '024']],
    ['3 of 5, two of the old', false, ['01234', 3, '024'], ['01345', 3, '045']],
    ['below the raised threshold', false, ['123', 1, '1'], ['123', 2, '2']],
    ['below the threshold it lowers', false, ['123', 2, '12'], ['123', 1, '1']],
  ]
  for (const [name, isTaken, ...versions] of rows) {
    test(`rotated, ${name}, is ${isTaken ? 'taken' : 'refused'}`, async () => {
      const keys = Array.from({ length: 10 }, () => newParty())
      const { client } = begin(repository => {
        repository.restart('root')
        for (const [held, threshold, signers] of versions) {
          repository.setKeys('root', pick(keys, held), threshold, pick(keys, signers))
          repository.publish('root')
        }
      })
      assert.equal(await client.refresh(), isTaken ? 0 : 1)
      assert.equal(client.trusted().root, isTaken ? versions.length : versions.length - 1)
    })
  }

  test('forty rotations away is reached', async () => {
    const { repository, client } = begin()
    for (let i = 0; i < 40; i++) {
      const old = repository.signers.get('root')!
      const next = newParty('ed25519 ed25519')
      repository.setKeys('root', [next], 1, [...old, next])
      repository.publish('root')
      repository.signers.set('root', [next])
    }
    assert.equal(await client.refresh(), 0)
    assert.equal(client.trusted().root, 41)
  })
})

describe('timestamp, snapshot and targets', { concurrency }, () => {
  const rows: [name: string, keys: string, threshold: number, signers: string, isTaken: boolean][] =
    [
      ['1 of 1, key rotated', '2', 1, '2', true],
      ['1 of 1, strangers sign too', '1', 1, '314', true],
      ['1 of 1, without the new key', '2', 1, '134', false],
      ['3 of 5, one signature by a stranger', '01345', 3, '024', false],
      ['3 of 5, one signature missing', '01345', 3, '04', false],
      ['3 of 5, by the first three', '01234', 3, '024', true],
      ['3 of 5, by others', '01234', 3, '041', true],
      ['3 of 5, by yet others', '01234', 3, '013', true],
      ['3 of 5, by the middle', '01234', 3, '123', true],
      ['3 of 5, by the last', '01234', 3, '234', true],
    ]
  for (const [name, held, threshold, signers, isTaken] of rows) {
    test(`${name}, are ${isTaken ? 'taken' : 'refused'}`, async () => {
      const { repository, client } = begin()
      const keys = Array.from({ length: 6 }, () => newParty())
      for (const role of ['timestamp', 'snapshot', 'targets']) {
        repository.setKeys(role, pick(keys, held), threshold, pick(keys, signers))
        repository.publish('root', 'targets', 'snapshot', 'timestamp')
        assert.equal(await client.refresh(), isTaken ? 0 : 1)
        const served = repository.published.get(role)!.at(-1)
        if (isTaken) assert.deepEqual(client.file(role), served)
      }
    })
  }
})

describe('a rollback', { concurrency }, () => {
  test('of the snapshot that the timestamp does not name is not even seen', async () => {
    const { repository, client } = begin()
    repository.publish('snapshot', 'timestamp')
    assert.equal(await client.refresh(), 0)
    repository.publish('snapshot')
    assert.equal(await client.refresh(), 0)
    assert.equal(client.trusted().snapshot, 2)
    assert.equal(repository.requests.at(-1), 'timestamp.json')
  })

  test('of the timestamp is refused', async () => {
    const { repository, client } = begin()
    repository.publish('timestamp')
    assert.equal(await client.refresh(), 0)
    repository.restart('timestamp')
    repository.publish('timestamp')
    assert.equal(await client.refresh(), 1)
    assert.equal(client.trusted().timestamp, 2)
    assert.equal(repository.requests.at(-1), 'timestamp.json')
  })

  for (const isHashing of [false, true]) {
    const how = isHashing ? 'with digests' : 'without digests'
    test(`of the snapshot, ${how}, is refused at the timestamp`, async () => {
      const { repository, client } = begin()
      repository.isHashing = isHashing
      repository.publish('snapshot', 'timestamp')
      assert.equal(await client.refresh(), 0)
      repository.restart('snapshot')
      repository.publish('snapshot', 'timestamp')
      assert.equal(await client.refresh(), 1)
      assert.deepEqual(client.trusted(), all(1, { timestamp: 2, snapshot: 2 }))
      assert.equal(repository.requests.at(-1), 'timestamp.json')
    })

    test(`of targets, ${how}, is refused at the snapshot`, async () => {
      const { repository, client } = begin()
      repository.isHashing = isHashing
      repository.publish('targets', 'snapshot', 'timestamp')
      assert.equal(await client.refresh(), 0)
      repository.restart('targets')
      repository.publish('targets', 'snapshot', 'timestamp')
      assert.equal(await client.refresh(), 1)
      assert.equal(client.trusted().snapshot, 2)
      assert.equal(client.trusted().targets, 2)
    })
  }

  test('to a timestamp that names an older snapshot is no rollback before one was seen', async () => {
    const { repository, client } = begin()
    repository.publish('snapshot')
    repository.document('timestamp').meta!['snapshot.json']!.version = 1
    repository.publish('root', 'timestamp')
    assert.equal(await client.refresh(), 0)
    assert.deepEqual(client.trusted(), all(1, { root: 2, timestamp: 2 }))
  })

  for (const [role, rotated] of [
    ['timestamp', ['timestamp']],
    ['snapshot', ['snapshot', 'timestamp']],
    ['targets', ['snapshot']],
  ] as const) {
    test(`of ${role} after new keys recovers from a version far ahead`, async () => {
      const { repository, client } = begin()
      for (let i = 0; i < 99; i++) repository.publish(role)
      repository.publish(...['targets', 'snapshot', 'timestamp'].filter(one => one !== role))
      assert.equal(await client.refresh(), 0)
      assert.equal(client.trusted()[role], 100)
      for (const one of rotated) repository.setKeys(one, [newParty()])
      repository.publish('root')
      repository.restart(role)
      repository.publish(
        ...[role, 'snapshot', 'timestamp'].filter((one, i, list) => list.indexOf(one) === i),
      )
      assert.equal(await client.refresh(), 0)
      assert.equal(client.trusted()[role], 1)
    })
  }
})

describe('what has expired', { concurrency }, () => {
  test('is refused in a root, which is kept, and nothing after it is asked for', async () => {
    const { repository, client } = begin()
    assert.equal(await client.refresh(), 0)
    repository.document('root').expires = inDays(-1)
    repository.publish('root', 'targets', 'snapshot', 'timestamp')
    assert.equal(await client.refresh(), 1)
    assert.deepEqual(client.trusted(), all(1, { root: 2 }))
  })

  const rows: [role: string, trusted: Record<string, number>][] = [
    ['timestamp', all(1)],
    ['snapshot', all(1, { timestamp: 2 })],
    ['targets', all(2, { root: 1, targets: 1 })],
  ]
  for (const [role, trusted] of rows) {
    test(`is refused in ${role}, which is not kept`, async () => {
      const { repository, client } = begin()
      assert.equal(await client.refresh(), 0)
      repository.document(role).expires = inDays(-5)
      repository.publish('targets', 'snapshot', 'timestamp')
      assert.equal(await client.refresh(), 1)
      assert.deepEqual(client.trusted(), trusted)
    })
  }

  for (const role of topRoles) {
    test(`on disk, ${role}, is replaced by a newer one`, async () => {
      const { repository, client } = begin()
      repository.document(role).expires = inDays(7)
      repository.publish('root', 'targets', 'snapshot', 'timestamp')
      assert.equal(await client.refresh(), 0)
      repository.document(role).expires = inDays(21)
      repository.publish('root', 'targets', 'snapshot', 'timestamp')
      assert.equal(await client.refresh({ daysLater: 18 }), 0)
      assert.deepEqual(client.trusted(), all(3))
    })

    test(`on disk, ${role}, with nothing newer to be had, is refused`, async () => {
      const { repository, client } = begin()
      repository.document(role).expires = inDays(7)
      repository.publish('root', 'targets', 'snapshot', 'timestamp')
      assert.equal(await client.refresh(), 0)
      assert.equal(await client.refresh({ daysLater: 8 }), 1)
    })
  }

  test('is refused in a delegated role, which is not kept', async () => {
    const { repository, client } = begin()
    repository.delegate('targets', { name: 'd', paths: ['d/*'] })
    repository.document('d').expires = inDays(-1)
    repository.addTarget('d', 'd/one', 'content')
    repository.publish('d', 'targets', 'snapshot', 'timestamp')
    assert.equal(await client.refresh(), 0)
    assert.equal(await client.download('d/one'), 1)
    assert.deepEqual(client.downloaded(), [])
    assert.deepEqual(client.trusted(), all(2, { root: 1 }))
  })

  test('on disk, a delegated role, counts no more until there is a newer one', async () => {
    const { repository, client } = begin()
    repository.delegate('targets', { name: 'd', paths: ['d/*'] })
    repository.document('d').expires = inDays(7)
    repository.addTarget('d', 'd/one', 'first')
    repository.addTarget('d', 'd/two', 'second')
    repository.publish('d', 'targets', 'snapshot', 'timestamp')
    assert.equal(await client.download('d/one'), 0)
    assert.equal(await client.download('d/two', { daysLater: 18 }), 1)
    assert.deepEqual(client.downloaded(), ['first'])
    repository.document('d').expires = inDays(21)
    repository.publish('d', 'snapshot', 'timestamp')
    assert.equal(await client.download('d/two', { daysLater: 18 }), 0)
    assert.deepEqual(client.downloaded(), ['first', 'second'])
  })
})

describe('delegations', { concurrency }, () => {
  type Edge = `${string}>${string}` // "A>C." ends the search; "A>C:*.py" is for those paths
  const graphs: [name: string, order: string, ...edges: Edge[]][] = [
    ['one', 'A', 'targets>A'],
    ['two beside each other', 'AB', 'targets>A', 'targets>B'],
    ['two levels', 'ABC', 'targets>A', 'targets>B', 'B>C'],
    ['two levels, depth first', 'ACDB', 'targets>A', 'targets>B', 'A>C', 'A>D'],
    ['three levels, depth first', 'ACDB', 'targets>A', 'targets>B', 'A>C', 'C>D'],
    ['a terminating one', 'AC', 'targets>A', 'targets>B', 'A>C.', 'A>D'],
    ['a terminating one that delegates', 'ACD', 'targets>A', 'targets>B', 'A>C.', 'C>D'],
    ['a first one for other paths', 'B', 'targets>A:*.py', 'targets>B', 'A>C'],
    ['an inner one for other paths', 'AB', 'targets>A', 'targets>B', 'A>C:*.py', 'C>D'],
    ['a cycle', 'ABCD', 'targets>A', 'targets>B', 'B>C', 'C>D', 'D>B'],
    ['two to a third', 'ACB', 'targets>A', 'targets>B', 'B>C', 'A>C'],
    ['two to a third, one for other paths', 'ABC', 'targets>A', 'targets>B', 'B>C', 'A>C:*.py'],
  ]
  for (const [name, order, ...edges] of graphs) {
    test(`of ${name}, are walked in the order ${order}`, async () => {
      const { repository, client } = begin()
      for (const edge of edges) {
        const [from = '', rest = ''] = edge.split('>')
        const [to = '', pattern = '*'] = rest.split(':')
        const role = { name: to.replace('.', ''), terminating: to.endsWith('.'), paths: [pattern] }
        repository.delegate(from, role)
      }
      publishAll(repository)
      assert.equal(await client.download('missing'), 1)
      assert.deepEqual(
        repository.requests.slice(4),
        [...order].map(role => `1.${role}.json`),
      )
    })
  }

  const searches: [path: string, order: string, content?: string][] = [
    ['file', '', 'by targets'],
    ['README.md', 'A', 'by A'],
    ['releases/x/x_v1', 'BC', 'x by C'],
    ['releases/y/y_v1.zip', 'BD', 'y by D'],
    ['releases/z/z_v1.zip', 'B'],
  ]
  for (const [path, order, content] of searches) {
    test(`lead to ${path} by way of ${order || 'nobody else'}`, async () => {
      const { repository, client } = begin()
      repository.delegate('targets', { name: 'A', paths: ['*.doc', '*.md'] })
      repository.delegate('targets', { name: 'B', paths: ['releases/*/*'] })
      repository.delegate('B', { name: 'C', paths: ['releases/x/*'] })
      repository.delegate('B', { name: 'D', paths: ['releases/y/*.zip'] })
      repository.addTarget('targets', 'file', 'by targets')
      repository.addTarget('A', 'README.md', 'by A')
      repository.addTarget('C', 'releases/x/x_v1', 'x by C')
      repository.addTarget('D', 'releases/y/y_v1.zip', 'y by D')
      repository.addTarget('D', 'releases/z/z_v1.zip', 'z by D')
      publishAll(repository)
      assert.equal(await client.download(path), content ? 0 : 1)
      assert.deepEqual(client.downloaded(), content ? [content] : [])
      assert.deepEqual(
        repository.requests.slice(4),
        [...order].map(role => `1.${role}.json`),
      )
    })
  }

  test('by the prefix of the digest of a path lead to its bin', async () => {
    const { repository, client } = begin()
    const bin = createHash('sha256').update('some/path').digest('hex').slice(0, 1)
    for (const digit of '0123456789abcdef') {
      repository.delegate('targets', { name: `bin-${digit}`, path_hash_prefixes: [digit] })
    }
    repository.addTarget(`bin-${bin}`, 'some/path', 'found')
    publishAll(repository)
    assert.equal(await client.download('some/path'), 0)
    assert.deepEqual(repository.requests.slice(4), [`1.bin-${bin}.json`])
  })

  for (const bits of [1, 4, 5, 8]) {
    test(`to ${2 ** bits} succinct bins lead to the path's own`, async () => {
      const { repository, client } = begin()
      const head = createHash('sha256').update('some/path').digest().readUInt32BE(0)
      const digits = (2 ** bits - 1).toString(16).length
      const bin = (head >>> (32 - bits)).toString(16).padStart(digits, '0')
      repository.delegate('targets', { name: `bin-${bin}`, paths: [] })
      const { keys, roles } = repository.document('targets').delegations!
      const { keyids } = roles![0]!
      const succinct_roles = { keyids, threshold: 1, bit_length: bits, name_prefix: 'bin' }
      repository.document('targets').delegations = { keys, succinct_roles }
      repository.addTarget(`bin-${bin}`, 'some/path', 'found')
      publishAll(repository)
      assert.equal(await client.download('some/path'), 0)
      assert.deepEqual(repository.requests.slice(4), [`1.bin-${bin}.json`])
    })
  }

  for (const role of ['?', '#', '/role', '../role', '..', 'a b%2F', 'é']) {
    test(`to a role named ${role} stay inside their folder`, async () => {
      const { repository, client } = begin()
      repository.delegate('targets', { name: role, paths: ['*'] })
      publishAll(repository)
      assert.equal(await client.download('missing'), 1)
      assert.equal(repository.requests.at(-1), `1.${encodeURIComponent(role)}.json`)
      assert.equal(Object.keys(client.trusted()).length, 5)
    })
  }
})

describe('a download', { concurrency }, () => {
  const paths = [
    'file.txt',
    'a/b/c.txt',
    'odd/ ?#%2F.txt',
    '../up.txt',
    `${'long/'.repeat(60)}.txt`,
  ]
  for (const path of paths) {
    test(`of ${path.slice(0, 20)} is one file, fetched once, by its digest`, async () => {
      const { repository, client } = begin()
      repository.addTarget('targets', path, 'content')
      repository.publish('targets', 'snapshot', 'timestamp')
      assert.equal(await client.refresh(), 0)
      assert.deepEqual(client.downloaded(), [])
      assert.equal(await client.download(path), 0)
      assert.equal(await client.download(path), 0)
      assert.deepEqual(client.downloaded(), ['content'])
      assert.equal(repository.downloads.length, 1)
    })
  }

  test('of several targets brings all', async () => {
    const { repository, client } = begin()
    for (const path of ['one', 'two']) repository.addTarget('targets', path, path)
    repository.publish('targets', 'snapshot', 'timestamp')
    assert.equal(await client.download('one', { more: ['two'] }), 0)
    assert.deepEqual(client.downloaded(), ['one', 'two'])
  })

  for (const content of ['other text', 'longer than what was signed']) {
    test(`that brings ${content} is not kept, and harms no other`, async () => {
      const { repository, client } = begin()
      repository.addTarget('targets', 'one', 'first file')
      repository.addTarget('targets', 'two', 'other file')
      repository.publish('targets', 'snapshot', 'timestamp')
      assert.equal(await client.download('one'), 0)
      for (const path of ['one', 'two']) repository.artifacts.set(path, Buffer.from(content))
      await client.download('one')
      assert.equal(await client.download('two'), 1)
      assert.deepEqual(client.downloaded(), ['first file'])
    })
  }

  test('of a target that changed replaces the file, and only by what was signed', async () => {
    const { repository, client } = begin()
    for (const content of ['first', 'second', 'third']) {
      repository.addTarget('targets', 'one', content)
      repository.publish('targets', 'snapshot', 'timestamp')
      assert.equal(await client.download('one'), 0)
      assert.deepEqual(client.downloaded(), [content])
      repository.artifacts.set('one', Buffer.from('WRONG'))
      repository.publish('targets', 'snapshot', 'timestamp')
      await client.download('one')
      assert.deepEqual(client.downloaded(), [content])
    }
  })

  for (const algorithms of [['sha256'], ['sha512'], ['sha256', 'sha512']]) {
    test(`by ${algorithms.join(' and ')} is checked and named by one of them`, async () => {
      const { repository, client } = begin()
      repository.addTarget('targets', 'one', 'content', algorithms)
      repository.publish('targets', 'snapshot', 'timestamp')
      assert.equal(await client.download('one'), 0)
      const { hashes } = repository.document('targets').targets!.one!
      const names = Object.values(hashes).map(digest => `${digest}.one`)
      assert.ok(names.includes(repository.downloads.join()))
      repository.document('targets').targets!.one!.hashes[algorithms.at(-1)!] = '0'.repeat(
        algorithms.includes('sha512') ? 128 : 64,
      )
      repository.publish('targets', 'snapshot', 'timestamp')
      assert.equal(await client.download('one'), 1)
    })
  }

  test('by an unknown algorithm alone is refused', async () => {
    const { repository, client } = begin()
    repository.addTarget('targets', 'one', 'content', ['sha512'])
    const target = repository.document('targets').targets!.one!
    target.hashes = { 'unknown-hash': target.hashes.sha512! }
    repository.publish('targets', 'snapshot', 'timestamp')
    assert.equal(await client.refresh(), 0)
    assert.equal(await client.download('one'), 1)
    assert.deepEqual(client.downloaded(), [])
  })
})

interface RunOptions {
  readonly daysLater?: number
  readonly more?: readonly string[]
}

interface Client {
  init(): Promise<number>
  refresh(options?: RunOptions): Promise<number>
  download(path: string, options?: RunOptions): Promise<number>
  /** The versions of all that the client trusts. */
  trusted(): Record<string, number>
  file(role: string): Uint8Array
  /** The contents of all that was downloaded, by age. */
  downloaded(): string[]
}

/** A repository, and a client that trusts its first root. */
function begin(prepare?: (repository: Repository) => void): {
  repository: Repository
  client: Client
} {
  const repository = new Repository()
  if (prepare) {
    prepare(repository)
    if (repository.published.get('root')!.length === 1) {
      repository.restart('root')
      repository.publish('root')
    }
  }
  const client = clientOf(repository, server.add(repository), mkdtempSync(join(folder, 'client-')))
  return { repository, client }
}

function clientOf(repository: Repository, url: string, home: string): Client {
  const metadata = mkdtempSync(join(home, 'metadata-'))
  const targets = mkdtempSync(join(home, 'targets-'))
  const first = repository.published.get('root')![0]!
  // As `init` leaves it; the tests of `init` itself go through the tool.
  for (const name of ['first-root', 'root.json']) writeFileSync(join(metadata, name), first)
  const read = (role: string): Uint8Array =>
    new Uint8Array(readFileSync(join(metadata, `${role}.json`)))
  const run = (args: readonly string[], { daysLater = 0 }: RunOptions = {}): Promise<number> =>
    runTool(['--metadata-dir', metadata, ...args], daysLater)
  const from = ['--metadata-url', `${url}/metadata/`]
  return {
    init: () => {
      const file = join(home, 'initial.json')
      writeFileSync(file, repository.published.get('root')![0]!)
      return run(['init', file])
    },
    refresh: options => run([...from, 'refresh'], options),
    download: (path, options) => {
      const names = [path, ...(options?.more ?? [])].flatMap(name => ['--target-name', name])
      const to = ['--target-base-url', `${url}/targets/`, '--target-dir', targets]
      return run([...from, ...names, ...to, 'download'], options)
    },
    trusted: () => {
      const roles = readdirSync(metadata).filter(name => name.endsWith('.json'))
      const versions = roles.map(name => {
        const role = name.slice(0, -'.json'.length)
        return [role, JSON.parse(Buffer.from(read(role)).toString()).signed.version as number]
      })
      return Object.fromEntries(versions)
    },
    file: read,
    downloaded: () =>
      readdirSync(targets)
        .map(name => join(targets, name))
        .toSorted((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs)
        .map(path => readFileSync(path, 'utf8')),
  }
}

/** Runs the tool, on a later day where asked, and yields its exit. */
function runTool(args: readonly string[], daysLater: number): Promise<number> {
  const later = `const D=Date;globalThis.Date=class extends D{constructor(...a){
    if(a.length)super(...a);else super(D.now()+${daysLater * 86_400_000})}}`
  const options = daysLater ? `--import data:text/javascript,${encodeURIComponent(later)}` : ''
  const env = { ...process.env, NODE_OPTIONS: options, NODE_COMPILE_CACHE: join(folder, 'cache') }
  return new Promise((resolve, reject) => {
    execFile(tool, args, { env }, error => {
      if (error === null) resolve(0)
      else if (typeof error.code === 'number') resolve(error.code)
      else reject(error)
    })
  })
}

function publishAll(repository: Repository): void {
  const others = [...repository.documents.keys()].filter(role => role === 'targets' || !isTop(role))
  repository.publish(...others, 'snapshot', 'timestamp')
}

function isTop(role: string): boolean {
  return topRoles.some(top => top === role)
}

function pick(keys: readonly Party[], digits: string): Party[] {
  return [...digits].map(digit => keys[Number(digit)]!)
}
