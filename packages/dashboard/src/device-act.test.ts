import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceAct } from '@steadfleet/domain'
import { type ActDraft, actIn, emptyAct } from './device-act.ts'

const drafts: [draft: Partial<ActDraft>, act: DeviceAct | object | 'refused'][] = [
  [{ labels: 'site=north, floor=' }, { act: 'label', labels: { site: 'north', floor: null } }],
  [{ labels: 'note = a=b' }, { act: 'label', labels: { note: 'a=b' } }],
  [{}, 'refused'],
  [{ labels: 'site' }, 'refused'],
  [{ labels: 'Site=a' }, 'refused'],
  [
    { act: 'note', note: '' },
    { act: 'note', note: '' },
  ],
  [{ act: 'hold' }, { act: 'hold' }],
  [
    { act: 'pin', package: 'acme/a', revision: '2' },
    { act: 'pin', package: 'acme/a', revision: 2 },
  ],
  [{ act: 'pin', package: 'acme/a', revision: '0' }, 'refused'],
  [{ act: 'pin', package: 'acme', revision: '2' }, 'refused'],
  [
    { act: 'unpin', package: 'acme/a' },
    { act: 'unpin', package: 'acme/a' },
  ],
]
for (const [draft, act] of drafts)
  test(`${JSON.stringify(draft)} is ${JSON.stringify(act)}`, () => {
    const stated = actIn({ ...emptyAct, ...draft })
    if (act === 'refused') assert.equal(typeof stated, 'string')
    else assert.deepEqual(stated, act)
  })
