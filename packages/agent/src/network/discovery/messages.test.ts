import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '@steadfleet/base'
import type { Discovery } from '@steadfleet/confine'
import { speeches } from './messages.ts'

const text = (line: string) =>
  new TextEncoder().encode(`${line}\r\nHOST: 239.255.255.250:1900\r\n\r\n`)

const rows: [
  what: string,
  kind: Discovery,
  bytes: Uint8Array,
  is: 'question' | 'answer' | 'none',
][] = [
  ['a query', 'mdns', fromHex('000000000001000000000000'), 'question'],
  ['a query with known answers', 'mdns', fromHex('000000000001000100000000'), 'question'],
  ['a query that claims a name', 'mdns', fromHex('000000000001000000010000'), 'none'],
  ['a response', 'mdns', fromHex('000084000000000100000000'), 'answer'],
  ['an update', 'mdns', fromHex('000028000001000000000000'), 'none'],
  ['half a header', 'mdns', fromHex('0000000000'), 'none'],
  ['a search by SSDP in the group of mDNS', 'mdns', text('M-SEARCH * HTTP/1.1'), 'none'],
  ['a search', 'ssdp', text('M-SEARCH * HTTP/1.1'), 'question'],
  ['an announcement', 'ssdp', text('NOTIFY * HTTP/1.1'), 'answer'],
  ['a reply', 'ssdp', text('HTTP/1.1 200 OK'), 'answer'],
  ['a reply that is none', 'ssdp', text('HTTP/1.1 404 Not Found'), 'none'],
  ['another request', 'ssdp', text('GET / HTTP/1.1'), 'none'],
  ['nothing', 'ssdp', new Uint8Array(), 'none'],
]

for (const [what, kind, bytes, is] of rows) {
  test(`${what} is taken for ${is === 'none' ? 'neither question nor answer' : `a ${is}`}`, () => {
    const { isQuestion, isAnswer } = speeches[kind]
    assert.deepEqual([isQuestion(bytes), isAnswer(bytes)], [is === 'question', is === 'answer'])
  })
}
