import { join } from 'node:path'
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
import { checkpointSigner } from './sign-checkpoints.ts'
import { openTileFolder } from './tile-folder.ts'

export interface LogPlace {
  /** The data directory. */
  readonly folder: string
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
    keeper: keeperIn(folder, configuration.origin, key, signer),
    policy: () => chosenLog(owner.policy().signed.log),
    sources: () => leafSources({ catalogues, owner }),
    onPublished,
    logger,
  })
}

function keeperIn(folder: string, origin: string, key: PublicKey, signer: () => SignerClient) {
  const store = openTileFolder(join(folder, 'log'))
  return { store, origin, signer: checkpointSigner(key, signer) }
}
