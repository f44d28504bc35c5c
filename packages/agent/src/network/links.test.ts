import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mostPlaces, placeOf } from '@steadfleet/confine/firewall'
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
