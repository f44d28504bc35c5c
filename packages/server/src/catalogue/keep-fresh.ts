import type { Logger } from 'pino'
import type { Catalogue } from './catalogue.ts'

/** Looks this often whether something is about to expire: far more often than anything does. */
const lookMs = 10 * 60_000

/** Keeps timestamp and snapshot from expiring for as long as the server runs, from now on. */
export async function keepFresh(catalogue: Catalogue, logger: Logger): Promise<Disposable> {
  const look = async (): Promise<void> => {
    try {
      await catalogue.renew()
    } catch (fault) {
      // Devices go on with what they have; the next look tries again.
      logger.error({ err: fault }, 'cannot renew the timestamp yet')
    }
  }
  await look()
  const timer = setInterval(() => void look(), lookMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
