import { join } from 'node:path'
import { noteKeyOf, type TileStore } from '@steadfleet/authority'
import { chosenLog, type PublicKey } from '@steadfleet/trust'
import type { Logger } from 'pino'
import type { Catalogues } from '../catalogue/catalogues.ts'
import { ServerError } from '../error.ts'
import type { Owner } from '../owner.ts'
import type { SignerClient } from '../signer-client.ts'
import { readLogConfiguration } from './configuration.ts'
import { KeptLog } from './kept-log.ts'
import { leafSources } from './leaf-sources.ts'
import { type Log, noLog } from './log.ts'
import { openTwice } from './second-store.ts'
import { checkpointSigner } from './sign-checkpoints.ts'
import { openTileFolder } from './tile-folder.ts'

export interface LogPlace {
  /** The data directory. */
  readonly folder: string
  readonly secondStore?: string | undefined
  readonly catalogues: Catalogues
  readonly owner: Owner
  readonly signer: () => SignerClient
  readonly onPublished: () => Promise<void>
  readonly logger: Logger
}

/** The log of a data directory that has a `log.json`; else one that holds back nothing. */
export async function openLogOf(place: LogPlace): Promise<Log> {
  const { folder, catalogues, owner, signer, onPublished, logger } = place
  const configuration = await readLogConfiguration(folder)
  if (configuration === undefined) return noLog
  const { log: key } = await signer().keys()
  if (key === undefined) {
    const message = `cannot keep log ${configuration.origin}: the signer has no key for it`
    throw new ServerError('server/not-initialised', message)
  }
  return KeptLog.open({
    ...configuration,
    keeper: {
      store: await storeIn(place, configuration.origin, key),
      origin: configuration.origin,
      signer: checkpointSigner(key, signer),
    },
    policy: () => chosenLog(owner.policy().signed.log),
    sources: () => leafSources({ catalogues, owner }),
    onPublished,
    logger,
  })
}

async function storeIn(
  { folder, secondStore }: LogPlace,
  origin: string,
  key: PublicKey,
): Promise<TileStore> {
  const log = join(folder, 'log')
  if (secondStore === undefined) return openTileFolder(log)
  return openTwice(log, join(secondStore, 'log'), noteKeyOf(origin, 'ed25519', { key }))
}
