import { join } from 'node:path'
import { noteKeyOf, type TileStore } from '@steadfleet/authority'
import { chosenLog, type NoteKey } from '@steadfleet/trust'
import type { Logger } from 'pino'
import type { Catalogues } from '../catalogue/catalogues.ts'
import { ServerError } from '../error.ts'
import type { Owner } from '../owner.ts'
import type { SignerClient } from '../signer-client.ts'
import type { Store } from '../store/store.ts'
import { auditSource } from './audit-source.ts'
import { readLogConfiguration } from './configuration.ts'
import { KeptLog } from './kept-log.ts'
import { leafSources } from './leaf-sources.ts'
import { LiveLog } from './live-log.ts'
import { type Log, noLog } from './log.ts'
import { openTwice } from './second-store.ts'
import { shardChosen, shardFolder, shardName, shardsIn } from './shards.ts'
import { checkpointSigner } from './sign-checkpoints.ts'
import { openTileFolder } from './tile-folder.ts'

export interface LogPlace {
  /** The data directory. */
  readonly folder: string
  readonly secondStore?: string | undefined
  readonly catalogues: Catalogues
  readonly owner: Owner
  readonly signer: () => SignerClient
  readonly store: Store
  readonly now: () => Date
  readonly onPublished: () => Promise<void>
  readonly logger: Logger
}

/** The log of a data directory that has a `log.json`; else one that holds back nothing. */
export async function openLogOf(place: LogPlace): Promise<Log> {
  const { folder, catalogues, owner, signer, store, now, onPublished, logger } = place
  const configuration = await readLogConfiguration(folder)
  if (configuration === undefined) {
    const wanted = chosenLog(owner.policy().signed.log)?.key.name
    const why = 'no log.json is here, so devices will refuse every release'
    if (wanted !== undefined) logger.warn({ log: wanted }, `the owner’s policy names a log: ${why}`)
    return noLog
  }
  const { log: key } = await signer().keys()
  if (key === undefined) {
    const message = `cannot keep log ${configuration.origin}: the signer has no key for it`
    throw new ServerError('server/not-initialised', message)
  }
  const policy = () => owner.policy().signed.log
  const chosen = () => shardChosen(configuration.origin, policy(), key)
  const openShard = async (shard: number): Promise<KeptLog> => {
    const origin = shardName(configuration.origin, shard)
    const name = shardFolder(shard)
    return KeptLog.open({
      folder: join(folder, name),
      witnesses: configuration.witnesses,
      keeper: {
        store: await storeIn(place, name, noteKeyOf(origin, 'ed25519', { key })),
        origin,
        signer: checkpointSigner(key, signer),
      },
      policy: () => chosenLog(policy()),
      sources: async () => [
        ...(await leafSources({ catalogues, owner })),
        ...(await auditSource(store.db, now())),
      ],
      onPublished,
      logger,
    })
  }
  const first = chosen() ?? (await shardsIn(folder)).at(-1) ?? 1
  return LiveLog.open({ folder, chosen, openShard, logger }, first)
}

async function storeIn(
  { folder, secondStore }: LogPlace,
  name: string,
  key: NoteKey,
): Promise<TileStore> {
  const log = join(folder, name)
  if (secondStore === undefined) return openTileFolder(log)
  return openTwice(log, join(secondStore, name), key)
}
