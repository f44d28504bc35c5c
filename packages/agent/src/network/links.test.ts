import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { mostPlaces, placeOf } from '@steadfleet/confine/firewall'
import { LinkCounts } from './link-counts.ts'
import { namespacesHere, removeLink } from './links.ts'
import { findTools, runTool } from './tools.ts'

const tools = findTools()
const lacks = typeof tools === 'string' ? `this machine lacks ${tools}` : false
const skip = process.getuid?.() === 0 ? lacks : 'needs root'

test('a network that several agents take away at once is gone for all of them', {
  skip,
}, async () => {
  assert.ok(typeof tools === 'object')
  // The last place of all: agents lease the first blocks that are free.
  const place = placeOf(mostPlaces - 1)
  await runTool(tools.ip, ['netns', 'add', place.link])
  await Promise.all([1, 2, 3, 4].map(() => removeLink(tools, place)))
  assert.equal(namespacesHere().includes(place.link), false)
})

test('packets are counted by link, again and again', async () => {
  using counts = new LinkCounts()
  const now = () => {
    counts.read()
    return counts.packetsOf('lo') ?? assert.fail('there is a loopback')
  }
  const before = now()
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.send('word', socket.address().port, '127.0.0.1')
  await once(socket, 'message')
  socket.close()
  assert.ok(now() > before)
  assert.deepEqual(
    ['o', 'l', 'sfapp99999'].map(link => counts.packetsOf(link)),
    [undefined, undefined, undefined],
  )
})
