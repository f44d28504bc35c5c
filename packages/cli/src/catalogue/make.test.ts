import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { serverCommand } from '../commands/serve.ts'
import { connect } from '../fleet/connect.ts'
import { initFleet } from '../fleet/init.ts'
import type { Fleet } from '../fleet/open.ts'
import { type Child, launch } from '../process/child.ts'
import { adoptPackage } from './adopt.ts'
import { makeOwnCatalogue } from './make.ts'
import { applyPolicyDraft, openPolicyDraft } from './policy-draft.ts'

const world = { now: () => new Date(), random: (n: number) => randomBytes(n) }

const draftAt = () => assert.fail('every key is here')

describe('a catalogue that an owner makes', { concurrency: false }, () => {
  let directory: string
  let server: Child
  let fleet: Fleet
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'steadfleet-make-'))
    const chosen = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
    const choices = { ...chosen, server: 'http://127.0.0.1:1', keys: 'unencrypted' } as const
    const { home } = await initFleet(join(directory, 'fleet'), choices, world)
    server = launch({
      name: 'the server',
      command: serverCommand(join(home.directory, 'server'), ['--listen', '127.0.0.1:0']),
      log: join(directory, 'server.log'),
      isReady: line => line.includes('"ready":true'),
    })
    const { origins } = JSON.parse(await server.first) as { origins: string[] }
    const known = { ...home, server: origins[0] ?? '' }
    fleet = { home: known, client: await connect(known) }
  })
  after(async () => {
    await server.stop(10_000)
    await rm(directory, { recursive: true, force: true })
  })

  test('is drafted into the policy, also by a second call after the first was cut short', async () => {
    const made = await makeOwnCatalogue(fleet, 'garden', world)
    await rm(join(fleet.home.directory, 'policy-draft.json'))
    assert.deepEqual(await makeOwnCatalogue(fleet, 'garden', world), made)
    const { next } = await openPolicyDraft(fleet)
    assert.deepEqual(next.catalogues.at(-1), {
      name: 'garden',
      root: made.root,
      allowed: ['acme'],
      refused: [],
    })
  })

  test('is not the one that the fleet was made with', async () => {
    await assert.rejects(makeOwnCatalogue(fleet, 'acme', world), { code: 'cli/refused' })
  })

  test('is followed once the draft is applied, and not twice', async () => {
    const applied = await applyPolicyDraft(fleet, world.now())
    assert.deepEqual(
      [applied.version, applied.catalogues.map(({ name }) => name)],
      [2, ['acme', 'garden']],
    )
    await assert.rejects(applyPolicyDraft(fleet, world.now()), { code: 'cli/refused' })
  })

  test('adopts nothing that the policy takes from nowhere', async () => {
    const choices = { package: 'bolt/lamp', into: 'garden', now: world.now(), draftAt }
    await assert.rejects(adoptPackage(fleet, choices), { code: 'cli/not-found' })
  })

  test('adopts a package of the first catalogue, and refuses a place that is none', async () => {
    const now = world.now()
    const lost = adoptPackage(fleet, { package: 'acme/hub', into: 'nowhere', now, draftAt })
    await assert.rejects(lost, { code: 'cli/not-found' })
    const { adoption, targets } = await adoptPackage(fleet, {
      package: 'acme/hub',
      into: 'garden',
      floor: 4,
      now,
      draftAt,
    })
    assert.equal(targets, undefined)
    assert.deepEqual(adoption, {
      package: 'acme/hub',
      from: { catalogue: 'acme', publisher: 'acme' },
      to: { catalogue: 'garden', publisher: 'acme' },
      floor: 4,
    })
    assert.equal((await applyPolicyDraft(fleet, now)).adoptions?.length, 1)
  })
})
