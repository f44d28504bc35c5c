import { join } from 'node:path'
import type { Logger } from 'pino'
import { finishSet } from './disk/file-set.ts'
import { ServerError } from './error.ts'
import type { SignerClient } from './signer-client.ts'
import { joinSigner, type RunningSigner, startSigner } from './signer-process.ts'

/** The signer, started again when it ends: while it is away, what needs a signature waits. */
export interface SignerKeeper extends AsyncDisposable {
  client(): SignerClient
  isThere(): boolean
}

const restartMs = 1000

export interface SignerOptions {
  /** Where its numbers are kept a second time, where this server starts it. */
  readonly secondStore?: string | undefined
  /** The socket of one that somebody else started; absent, this server starts its own. */
  readonly signer?: string | undefined
}

export async function keepSigner(
  folder: string,
  logger: Logger,
  { secondStore, signer }: SignerOptions = {},
): Promise<SignerKeeper> {
  let running: RunningSigner | undefined
  let restart: NodeJS.Timeout | undefined
  const onExit = (): void => {
    running = undefined
    logger.error('the signer ended; it is looked for again')
    startLater()
  }
  const start = async (): Promise<void> => {
    if (signer !== undefined) {
      running = await joinSigner(signer, onExit)
      return
    }
    running = await startSigner({
      keys: join(folder, 'signer'),
      data: folder,
      socket: join(folder, 'signer.sock'),
      secondStore,
      onExit,
    })
  }
  const startLater = (): void => {
    restart = setTimeout(() => {
      start().catch(fault => {
        logger.error({ err: fault }, 'cannot start the signer')
        startLater()
      })
    }, restartMs)
  }
  // It reads the roots of this folder, of which a crash may have left half.
  await finishSet(join(folder, 'catalogue'))
  await start()
  return {
    client() {
      if (running) return running.client
      throw new ServerError('signer/unavailable', 'cannot sign: the signer is not there')
    },
    isThere: () => running?.client.isConnected() ?? false,
    async [Symbol.asyncDispose]() {
      clearTimeout(restart)
      await running?.[Symbol.asyncDispose]()
    },
  }
}
