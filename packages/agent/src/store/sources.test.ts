import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { digestOf, isCoded, toUtf8 } from '@steadfleet/base'
import { makeClient } from '@steadfleet/protocol'
import { defaultPatience, makeTransport } from '../server/http.ts'
import { serveObjects } from '../server/object-server.ts'
import { LaidTrees } from '../testing/laid-trees.test.ts'
import type { FetchContext } from './fetch-context.ts'
import { fetchObject } from './fetch-tree.ts'
import { Sources } from './sources.ts'

const content = toUtf8('what was signed')
const digest = digestOf(content)
const ref = { digest, length: content.length }
const never = new AbortController().signal

describe('an object comes from', { concurrency: 3 }, () => {
  test('a peer that has it, and the server is not asked', () =>
    withSources({ peerHas: [content] }, async ({ fetching, asked }) => {
      assert.equal(await fetchObject(fetching, ref, never), content.length)
      assert.deepEqual(asked, [])
    }))

  test('the server where the peer lacks it, which is no fault', () =>
    withSources({ peerHas: [] }, async ({ fetching, asked, told }) => {
      await fetchObject(fetching, ref, never)
      assert.deepEqual(asked, ['server'])
      assert.deepEqual(told, [])
    }))

  const liars: [what: string, mirror: RequestListener, told: string][] = [
    ['lies', (_, reply) => void reply.end('what was forged'), 'agent/mirror agent/digest'],
    [
      'sends without end',
      (_, reply) => void reply.end('x'.repeat(1000)),
      'agent/mirror agent/too-long',
    ],
    ['stalls', (_, reply) => void reply.write('what'), 'agent/unreachable agent/unreachable'],
    ['never answers', () => undefined, 'agent/unreachable agent/unreachable'],
    [
      'is broken',
      (_, reply) => void reply.writeHead(500).end('{'),
      'agent/unreachable reply/status',
    ],
  ]
  for (const [what, mirror, said] of liars) {
    test(`the server where a mirror ${what}, which is told and left alone for a while`, () =>
      withSources({ mirror }, async ({ fetching, asked, told, laid }) => {
        await fetchObject(fetching, ref, never)
        assert.deepEqual(asked, ['mirror', 'server'])
        assert.deepEqual(told, [said])
        const other = toUtf8('another')
        const otherRef = { digest: digestOf(other), length: other.length }
        await fetchObject(fetching, otherRef, never)
        assert.deepEqual(asked, ['mirror', 'server', 'server'])
        const path = await laid.objects.find(digest)
        assert.deepEqual(new Uint8Array(await readFile(path!)), content)
      }))
  }
})

test('what an earlier life left of an object is gone on with, and fetched whole where it was a lie', () =>
  withSources({}, async ({ fetching, laid, asked }) => {
    await writeFile(laid.objects.incomingPath(digest), content.subarray(0, 4))
    assert.equal(await fetchObject(fetching, ref, never), content.length - 4)
    const other = toUtf8('another')
    const otherRef = { digest: digestOf(other), length: other.length }
    await writeFile(laid.objects.incomingPath(otherRef.digest), 'AN')
    await fetchObject(fetching, otherRef, never)
    assert.deepEqual(asked, ['server', 'server', 'server'])
    const path = await laid.objects.find(otherRef.digest)
    assert.deepEqual(new Uint8Array(await readFile(path!)), other)
  }))

test('two that want one object at once fetch it once', () =>
  withSources({}, async ({ fetching, asked }) => {
    const both = [fetchObject(fetching, ref, never), fetchObject(fetching, ref, never)]
    const bytes = await Promise.all(both)
    assert.deepEqual(bytes.sort(), [0, content.length])
    assert.deepEqual(asked, ['server'])
  }))

test('a peer gives objects of its store by digest, and nothing else', () =>
  withSources({ peerHas: [content] }, async ({ peer }) => {
    const at = `http://127.0.0.1:${peer}`
    const status = async (path: string, init?: RequestInit) => (await fetch(at + path, init)).status
    assert.equal(await status(`/v1/objects/${digest}`), 200)
    assert.equal(await status(`/v1/objects/${digest}`, { method: 'POST' }), 404)
    assert.equal(await status(`/v1/objects/${digest}/../../identity/device.key`), 404)
    assert.equal(await status('/v1/objects/sha256:..%2f..%2fidentity'), 404)
    assert.equal(await status('/'), 404)
    const rest = await fetch(`${at}/v1/objects/${digest}`, { headers: { range: 'bytes=5-' } })
    assert.equal(await rest.text(), 'was signed')
  }))

interface Bench {
  readonly laid: LaidTrees
  readonly fetching: FetchContext
  readonly asked: string[]
  /** The codes under which a source was left, and their reasons. */
  readonly told: string[]
  readonly peer: number
}

interface Setting {
  readonly peerHas?: readonly Uint8Array[]
  readonly mirror?: RequestListener
}

async function withSources(
  { peerHas, mirror }: Setting,
  use: (bench: Bench) => Promise<void>,
): Promise<void> {
  await using laid = await LaidTrees.make()
  await using away = await LaidTrees.make()
  const asked: string[] = []
  const told: string[] = []
  const { world } = laid
  const transport = makeTransport({ ...defaultPatience, headMs: 500, idleMs: 500 })
  for (const bytes of peerHas ?? []) await away.put(bytes)
  const peer = await serveObjects({ host: '127.0.0.1', port: 0, objects: away.objects, world })
  const others = [
    await listen('server', asked, honest),
    await listen('mirror', asked, mirror ?? honest),
  ]
  const [server = '', mirrorOrigin = ''] = others.map(originOf)
  const sources = new Sources({
    server: { name: server, client: makeClient({ origin: server, transport }), kind: 'server' },
    transport,
    world,
    peers: peerHas ? [originOf(peer)] : [],
    mirrors: mirror ? [mirrorOrigin] : [],
    suspect: error => void told.push(reasonOf(error)),
  })
  const suspect = () => undefined
  const throttle = async () => undefined
  const { paths, objects } = laid
  const port = Number(new URL(originOf(peer)).port)
  try {
    await use({
      laid,
      fetching: { sources, paths, objects, suspect, throttle, applyDelta: () => assert.fail() },
      asked,
      told,
      peer: port,
    })
  } finally {
    transport.close()
    for (const one of [peer, ...others]) {
      one.closeAllConnections()
      one.close()
    }
  }
}

const honest: RequestListener = (request, reply) => {
  const known = [content, toUtf8('another')]
  const bytes = known.find(one => request.url?.includes(digestOf(one))) ?? new Uint8Array()
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`
  reply.writeHead(start > 0 ? 206 : 200, start > 0 ? { 'content-range': range } : {})
  reply.end(bytes.subarray(start))
}

async function listen(name: string, asked: string[], listener: RequestListener): Promise<Server> {
  const server = createServer((request, reply) => {
    asked.push(name)
    listener(request, reply)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function reasonOf(error: unknown): string {
  return isCoded(error) ? `${error.code} ${error.details.reason}` : String(error)
}
