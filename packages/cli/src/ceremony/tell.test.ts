import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  draftRoles,
  makeDelegatedRole,
  makeRoot,
  makeTargets,
  type Signer,
  signDraft,
  signerFromSeed,
  signMetadata,
  type TargetEntry,
} from '@steadfleet/authority'
import { parseMetadata } from '@steadfleet/trust'
import { toReviewText } from './tell.ts'

const now = new Date('2026-11-21T00:00:00Z')
const [one, two, three] = [1, 2, 3].map(byte => signerFromSeed(new Uint8Array(32).fill(byte))) as [
  Signer,
  Signer,
  Signer,
]
const path = 'acme/hub/1/amd64'

describe('a draft of a publisher’s role, as it is read', () => {
  const rows: [what: string, before: TargetEntry[], after: TargetEntry[], lines: RegExp[]][] = [
    ['comes', [], [target('a')], [/^ {2}\+ acme\/hub\/1\/amd64: .*sha256 a{64}.*length 3$/m]],
    ['goes', [target('a')], [], [/^ {2}− acme\/hub\/1\/amd64: .*sha256 a{64}/m]],
    [
      'is another',
      [target('a')],
      [target('b')],
      [/^ {2}− acme\/hub\/1\/amd64: sha256 a{64}$/m, /^ {2}\+ acme\/hub\/1\/amd64: sha256 b{64}$/m],
    ],
  ]
  for (const [what, before, after, lines] of rows) {
    test(`tells a release that ${what}, by its digest`, async () => {
      const text = await reviewOf(before, after, [])
      for (const line of lines) assert.match(text, line)
    })
  }

  const signed: [by: Signer[], line: RegExp][] = [
    [[], /… role\/acme by targets 1: 0 of 2 signatures/],
    [[one], /… role\/acme by targets 1: 1 of 2 signatures/],
    [[one, one], /… role\/acme by targets 1: 1 of 2 signatures/],
    [[one, two], /✔ role\/acme by targets 1: 2 of 2 signatures/],
  ]
  for (const [by, line] of signed) {
    test(`counts ${by.length} signatures of ${new Set(by).size} keys`, async () => {
      assert.match(await reviewOf([], [target('a')], by), line)
    })
  }
})

async function reviewOf(before: TargetEntry[], after: TargetEntry[], by: Signer[]) {
  const offline = { keys: [three.key], threshold: 1 }
  const roles = { root: offline, targets: offline, snapshot: offline, timestamp: offline }
  const publisher = { name: 'acme', keys: [one.key, two.key], threshold: 2 }
  const root = parseMetadata('root', await signMetadata(makeRoot(1, roles, now), [three]))
  const targets = makeTargets(1, [publisher], now)
  const held = await signMetadata(makeDelegatedRole(1, named(before), now), [one, two])
  const catalogue = {
    root,
    targets: parseMetadata('targets', await signMetadata(targets, [three])),
    roles: new Map([['acme', parseMetadata('targets', held)]]),
  }
  const draft = draftRoles(catalogue, new Map([['acme', makeDelegatedRole(2, named(after), now)]]))
  const signatures = await Promise.all(by.map(signer => signDraft(draft, signer)))
  return toReviewText(draft, signatures, new Map())
}

function named(entries: TargetEntry[]): Record<string, TargetEntry> {
  return Object.fromEntries(entries.map(entry => [path, entry]))
}

function target(digit: string): TargetEntry {
  return { length: 3, hashes: { sha256: digit.repeat(64) }, custom: { revision: 1 } }
}
