import { existsSync } from 'node:fs'
import { isCoded } from '@steadfleet/base'
import { listRoles, type RoleView } from '@steadfleet/protocol'
import { heldCatalogue, heldOwner } from '../ceremony/held.ts'
import { argument, type Call, type CommandSpec } from '../command.ts'
import { CliError } from '../error.ts'
import { keyFolder } from '../fleet/home.ts'
import { homeOf, openFleet } from '../fleet/open.ts'
import { type KeyFile, listKeys, makeKeyFolder, writeKey } from '../keys/key-file.ts'
import { type Power, powersOf } from '../keys/powers.ts'
import { toTable } from '../output.ts'
import { protectionFor, unencryptedOption } from './init.ts'

/** `steadfleet keys make NAME` */
export const keysMake: CommandSpec = {
  name: 'keys make',
  takes: [{ name: '<name>', what: 'what to call it: NAME.pem stays here, NAME.pub may go out' }],
  summary: 'Make a key. It may sign nothing until a root, targets or an owner root names it.',
  options: [unencryptedOption],
  examples: ['keys make catalogue-root-4', 'keys make publisher-acme-2 --passphrase-fd 3 3< file'],
  async run(call) {
    const folder = keyFolder(await homeOf(call))
    const name = parseName(argument(call, 0))
    await makeKeyFolder(folder)
    const seed = call.world.random(32)
    const protection = await protectionFor(call)
    const key = await writeKey(folder, { name, seed }, protection, call.world.random)
    call.output.answer(toJson(key), () => `${key.file}  keyid ${key.keyid}`)
  },
}

/** `steadfleet keys list` */
export const keysList: CommandSpec = {
  name: 'keys list',
  summary: 'Show the keys here, what each may sign, and how much of each role’s life is over.',
  examples: ['keys list', 'keys list --json'],
  async run(call) {
    const keys = await listKeys(await folderOf(call))
    const { powers, lives } = await known(call)
    const rows = keys.map(key => ({ ...toJson(key), may: powers?.get(key.keyid) ?? null }))
    call.output.answer({ keys: rows, roles: lives }, () =>
      [keyTable(keys, powers), ...(lives.length > 0 ? ['', lifeTable(lives)] : [])].join('\n'),
    )
  },
}

/** `steadfleet keys show NAME` */
export const keysShow: CommandSpec = {
  name: 'keys show',
  takes: [{ name: '<name>', what: 'the name of a key here' }],
  summary: 'Show one key: its id, its public half, and what it may sign.',
  examples: ['keys show owner-1', 'keys show publisher-acme --json'],
  async run(call) {
    const name = argument(call, 0)
    const key = (await listKeys(await folderOf(call))).find(one => one.name === name)
    if (!key) throw new CliError('cli/not-found', `cannot find the key ${name}`, { name })
    const { powers } = await known(call)
    const may = powers?.get(key.keyid) ?? null
    call.output.answer({ ...toJson(key), may }, () => describe(key, powers && (may ?? [])))
  },
}

interface Known {
  /** Absent where the server could not be asked. */
  readonly powers?: ReadonlyMap<string, readonly Power[]>
  readonly lives: readonly RoleView[]
}

/** What the server has in force. Keys are often looked at where it can't be reached. */
async function known(call: Call): Promise<Known> {
  try {
    const fleet = await openFleet(call)
    const lives = await fleet.client.call(listRoles, {})
    const powers = powersOf(await heldCatalogue(fleet), await heldOwner(fleet), lives)
    return { powers, lives }
  } catch (error) {
    if (!isCoded(error, 'cli/unreachable')) throw error
    call.output.note('the server cannot be reached: what the keys may sign is not known')
    return { lives: [] }
  }
}

async function folderOf(call: Call): Promise<string> {
  const folder = keyFolder(await homeOf(call))
  if (existsSync(folder)) return folder
  throw new CliError('cli/key', `cannot find the keys: ${folder} is not there`, { folder })
}

function keyTable(keys: readonly KeyFile[], powers: Known['powers']): string {
  return toTable(
    ['key', 'keyid', 'encrypted', 'may sign'],
    keys.map(key => [
      key.name,
      key.keyid.slice(0, 12),
      key.isEncrypted ? 'yes' : 'no',
      powers ? inWords(powers.get(key.keyid) ?? []) : '?',
    ]),
    'no key yet: steadfleet keys make NAME',
  )
}

function inWords(powers: readonly Power[]): string {
  const each = powers.map(({ role, threshold, of }) => `${role} (${threshold} of ${of})`)
  return each.join(', ') || 'nothing'
}

function lifeTable(lives: readonly RoleView[]): string {
  return toTable(
    ['role', 'of', 'version', 'expires', 'spent', ''],
    lives.map(({ role, catalogue, version, expires, spent, alarm }) => [
      role,
      catalogue ?? 'owner',
      String(version),
      expires,
      `${Math.floor(spent * 100)} %`,
      warning(alarm),
    ]),
  )
}

/** An alarm in words. */
function warning(alarm: RoleView['alarm']): string {
  if (alarm === 0) return ''
  return alarm === 100 ? 'EXPIRED' : `past ${alarm} %: renew it`
}

function describe(key: KeyFile, powers: readonly Power[] | undefined): string {
  return [
    `${key.name}  ${key.file}`,
    `keyid      ${key.keyid}`,
    `public     ${key.key.keyval.public}`,
    `encrypted  ${key.isEncrypted ? 'yes' : 'no'}`,
    `may sign   ${powers ? inWords(powers) : 'not known: the server cannot be reached'}`,
    ...(powers ?? []).flatMap(({ role, life }) =>
      life
        ? [
            `           ${role} ${life.version} expires ${life.expires} ${warning(life.alarm)}`.trimEnd(),
          ]
        : [],
    ),
  ].join('\n')
}

function toJson({ name, file, key, keyid, isEncrypted }: KeyFile): object {
  return { name, file, keyid, public: key.keyval.public, encrypted: isEncrypted }
}

function parseName(typed: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,60}$/.test(typed)) return typed
  const message = `cannot name a key ${JSON.stringify(typed)}: small letters, digits and dashes only`
  throw new CliError('cli/usage', message)
}
