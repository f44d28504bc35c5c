import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toCanonicalText } from '@steadfleet/base'
import { FleetName, OwnerId, object, parserOf, usualCheckInSeconds } from '@steadfleet/domain'
import { keyIdOf, type PublicKey } from '@steadfleet/trust'
import { Type } from 'typebox'
import { ifThere } from './disk/durable.ts'
import { ServerError } from './error.ts'
import { databaseName, movedName } from './store/place.ts'
import type { Store } from './store/store.ts'

const Key = Type.Object({
  keytype: Type.Literal('ed25519'),
  scheme: Type.Literal('ed25519'),
  keyval: Type.Object({ public: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
})

/** `server.json`, as `steadfleet init` writes it; all but the database is read on the first start alone. */
const parseConfiguration = parserOf(
  'server.json',
  object({
    owner: OwnerId,
    fleet: FleetName,
    model: Type.String(),
    /** The URL of a PostgreSQL database; absent, a file beside this one is the database. Read at each start. */
    database: Type.Optional(Type.String({ pattern: '^postgres(ql)?:' })),
    /** Keys whose requests may do everything. */
    operators: Type.Array(Key, { minItems: 1 }),
    policy: Type.Optional(
      object({
        /** Six hours is the longest: a fix must not wait a day for a device that hears no stream. */
        'check-in-seconds': Type.Optional(Type.Integer({ minimum: 1, maximum: 21_600 })),
        /** For every package, in the place of what it says itself; a day at most, as on the device. */
        'probation-seconds': Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
      }),
    ),
  }),
)

/** Takes `server.json` over into an empty database; a later change of the file changes nothing. */
export async function importOnce(store: Store, folder: string): Promise<void> {
  const held = await store.db.selectFrom('fact').select('name').executeTakeFirst()
  if (held) return
  const configuration = await readConfiguration(folder)
  if (configuration === undefined) {
    const message = `cannot serve ${folder}: no server.json is in it (make one with: steadfleet init)`
    throw new ServerError('server/not-initialised', message, { folder })
  }
  const { operators, policy, database: _, ...facts } = configuration
  await store.write('importConfiguration', {
    facts,
    operators: operators.map(toOperator),
    checkInSeconds: policy?.['check-in-seconds'] ?? usualCheckInSeconds,
    probationSeconds: policy?.['probation-seconds'] ?? null,
  })
}

interface DatabaseChoice {
  readonly folder: string
  readonly database?: string | undefined
}

/** What the database is opened by: what the setting says, the one of `server.json`, or a file of the folder. */
export async function databasePlace({ folder, database }: DatabaseChoice): Promise<string> {
  const held = database ?? (await readConfiguration(folder))?.database
  if (held !== undefined && held !== 'sqlite') return held
  if ((await ifThere(readFile(join(folder, movedName)))) === undefined)
    return join(folder, databaseName)
  const message = `cannot serve ${folder}: its database was moved to PostgreSQL (say where with STEADFLEET_SERVER_DATABASE; to go back to the file as it was then, remove ${movedName})`
  throw new ServerError('server/moved', message, { folder })
}

async function readConfiguration(folder: string) {
  const file = await ifThere(readFile(join(folder, 'server.json'), 'utf8'))
  return file === undefined ? undefined : parseConfiguration(JSON.parse(file))
}

function toOperator(key: PublicKey, i: number) {
  const name = i === 0 ? 'operator' : `operator ${i + 1}`
  return { keyid: keyIdOf(key), name, role: 'administrator', key: toCanonicalText(key) }
}
