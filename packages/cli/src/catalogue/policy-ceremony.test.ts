import assert from 'node:assert/strict'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openServedFleet, type ServedFleet } from '../fleet/testing.ts'

/** An owner and a catalogue of two keys each, of which one is on another machine. */
describe('a policy whose keys lie on two machines', { concurrency: false }, () => {
  let it: ServedFleet
  let away = ''
  before(async () => {
    it = await openServedFleet()
    away = join(it.directory, 'away')
    mkdirSync(away)
    await it.done('catalogue make garden')
    for (const key of ['owner-2', 'owner-3', 'garden-targets-2', 'garden-targets-3']) {
      renameSync(join(it.offline, `${key}.pem`), join(away, `${key}.pem`))
    }
  })
  after(() => it[Symbol.asyncDispose]())

  test('is not applied by one of them alone', async () => {
    const { exit, err } = await it.run('policy apply')
    assert.equal(exit, 1)
    assert.match(err, /cli\/key/)
    assert.match(err, /steadfleet policy begin/)
  })

  test('adopts a package by a draft of the targets that the other machine signs too', async () => {
    await it.done('policy adopt acme/hub --into garden --floor 3')
    const draft = join(it.directory, 'targets-2.draft')
    const short = await it.run('targets apply targets-2.draft --catalogue garden')
    assert.match(short.err, /trust\/threshold/)
    const review = await it.done('targets review targets-2.draft')
    assert.match(review, /delegations\.roles\[acme\]\.paths: \+ acme\/hub\/\*\/\*/)
    await signAway(`targets sign ${draft} --key garden-targets-3.pem`)
    const applied = await it.done('targets apply targets-2.draft --catalogue garden')
    assert.match(applied, /targets 2 is in force/)
  })

  test('shows whoever signs it all that it changes, in words', async () => {
    await it.done('policy refuse acme bolt')
    await it.done('policy begin --out policy.draft')
    const { out } = await it.run(`policy review ${join(it.directory, 'policy.draft')}`, away)
    for (const line of [
      /\+ catalogue garden under root sha256:/,
      /\+ publisher acme of garden counts/,
      /\+ publisher bolt of acme never counts/,
      /\+ package acme\/hub is acme’s in garden, from revision 3 on; no longer acme’s in acme/,
      /policy by owner root 1: 0 of 2 signatures/,
    ]) {
      assert.match(out, line)
    }
    assert.doesNotMatch(out, /adoptions\[|catalogues\[/)
  })

  test('comes into force with the signatures of both, and is drafted no more', async () => {
    await it.done('policy sign policy.draft --key owner-1')
    const short = await it.run('policy apply policy.draft')
    assert.match(short.err, /trust\/threshold/)
    await signAway(`policy sign ${join(it.directory, 'policy.draft')} --key owner-2.pem`)
    assert.match(await it.done('policy apply policy.draft'), /policy 2 is in force/)
    assert.match(await it.done('policy review'), /nothing else was drafted/)
    assert.match(await it.done('policy show'), /package acme\/hub is acme’s in garden/)
  })

  test('goes with a next owner root, where something is drafted', async () => {
    await it.done('policy allow acme bolt')
    const begun = await it.done('owner begin --close network=* --out owner.draft')
    assert.match(begun, /\+ publisher bolt of acme counts/)
    await it.done('owner sign owner.draft --key owner-1')
    await signAway(`owner sign ${join(it.directory, 'owner.draft')} --key owner-3.pem`)
    await it.done('owner apply owner.draft')
    assert.ok(!existsSync(join(it.fleet.home.directory, 'policy-draft.json')))
    assert.match(await it.done('policy show'), /publisher bolt of acme counts/)
  })

  async function signAway(words: string): Promise<void> {
    const { exit, err } = await it.run(words, away)
    assert.equal(exit, 0, err)
  }
})
