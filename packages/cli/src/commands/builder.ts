import { resolve } from 'node:path'
import type { BuilderRow } from '@steadfleet/authority'
import { keyIdOf } from '@steadfleet/trust'
import { argument, type Call, type CommandSpec, type OptionSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { openFleet } from '../fleet/open.ts'
import { readPublicKey } from '../keys/key-file.ts'
import { toTable } from '../output.ts'
import {
  type ChangedBuilders,
  changeBuilders,
  heldBuilders,
  type RoleAt,
  withBuilder,
  withRetired,
} from '../publish/builders.ts'
import type { RolePlace } from '../publish/put-role.ts'
import { draftedLines, roleSigning, roleSigningOptions } from './role-signing.ts'

const inCatalogue: readonly OptionSpec[] = [
  { flags: '--catalogue <name>', what: 'of the role in this catalogue of yours' },
]

/** `steadfleet builder list` */
export const builderList: CommandSpec = {
  name: 'builder list',
  summary: 'List the builders whose provenance counts, as the publisher’s role names them.',
  options: inCatalogue,
  examples: ['builder list', 'builder list --json'],
  async run(call) {
    const held = await heldBuilders(await openFleet(call), roleAt(call))
    answer(call, held ?? [], 'the role names no builders: anyone’s provenance is taken')
  },
}

/** `steadfleet builder add ID KEY` */
export const builderAdd: CommandSpec = {
  name: 'builder add',
  takes: [
    { name: '<id>', what: 'what its provenance names it by: an address' },
    { name: '<key>', what: 'the file of its public key' },
  ],
  summary: 'Let a builder’s provenance count, and sign that with the publisher’s key.',
  options: [...inCatalogue, ...roleSigningOptions],
  examples: ['builder add https://ci.example/acme ci.pub'],
  async run(call) {
    const id = builderAddress(argument(call, 0))
    const key = await readPublicKey(resolve(call.world.directory, argument(call, 1)))
    const fleet = await openFleet(call)
    const add = (held: readonly BuilderRow[]) => withBuilder(held, { id, key })
    await answerChanged(call, await changeBuilders(fleet, await rolePlace(call), add))
  },
}

/** `steadfleet builder retire BUILDER` */
export const builderRetire: CommandSpec = {
  name: 'builder retire',
  takes: [{ name: '<builder>', what: 'its id, or the id of its key' }],
  summary: 'Take nothing new of a builder; what it built before still counts.',
  options: [...inCatalogue, ...roleSigningOptions],
  examples: ['builder retire https://ci.example/acme'],
  async run(call) {
    const named = argument(call, 0)
    const retire = (held: readonly BuilderRow[]) => withRetired(held, named) ?? refuse(named)
    const fleet = await openFleet(call)
    await answerChanged(call, await changeBuilders(fleet, await rolePlace(call), retire))
  },
}

function roleAt(call: Call): RoleAt {
  const catalogue = textOption(call, 'catalogue')
  return { now: call.world.now(), ...(catalogue !== undefined && { catalogue }) }
}

async function rolePlace(call: Call): Promise<RolePlace> {
  const say = (line: string): void => call.output.note(line)
  return { ...roleAt(call), ...(await roleSigning(call)), say }
}

async function answerChanged(call: Call, { builders, drafted }: ChangedBuilders): Promise<void> {
  for (const line of drafted ? await draftedLines(call, drafted) : []) call.output.note(line)
  answer(call, builders)
}

/** Errors: `cli/usage` for what is no address. */
export function builderAddress(typed: string): string {
  if (/^https?:\/\/\S{1,390}$/.test(typed)) return typed
  const message = `cannot name a builder ${JSON.stringify(typed)}: not an http or https address`
  throw new CliError('cli/usage', message)
}

function refuse(named: string): never {
  throw new CliError('cli/not-found', `cannot retire ${named}: the role names no such builder`)
}

function answer(call: Call, builders: readonly BuilderRow[], none = 'no builder counts'): void {
  const rows = builders.map(({ id, key, retired }) => ({
    id,
    keyid: keyIdOf(key),
    retired: retired === true,
  }))
  call.output.answer(rows, () =>
    toTable(
      ['builder', 'key', ''],
      rows.map(({ id, keyid, retired }) => [id, keyid, retired ? 'retired' : '']),
      none,
    ),
  )
}
