import type { Logger } from 'pino'
import type { Catalogues, Served } from './catalogues.ts'
import type { ReleaseNotes } from './note-releases.ts'

/** Looks this often whether something is about to expire: far more often than anything does. */
const lookMs = 10 * 60_000

/**
 * Keeps timestamps and snapshots of own catalogues from expiring, and mirrors of others up to date, for
 * as long as the server runs. One that fails holds up none of the others.
 */
export async function keepFresh(
  catalogues: Pick<Catalogues, 'all'>,
  notes: Pick<ReleaseNotes, 'noteAll'>,
  logger: Logger,
): Promise<Disposable> {
  const attempt = async (what: string, act: () => Promise<void>): Promise<void> => {
    try {
      await act()
    } catch (fault) {
      // Devices go on with what they have; the next look tries again.
      logger.error({ err: fault }, `cannot ${what} yet`)
    }
  }
  const renew = ({ name, own }: Served): Promise<void> =>
    attempt(`renew the timestamp of ${name}`, async () => own?.renew())
  const bring = async (): Promise<void> => {
    const mirrors = catalogues.all().filter(({ mirror }) => mirror)
    for (const { name, mirror } of mirrors) {
      await attempt(`bring what is new in ${name}`, async () => mirror?.look())
    }
    if (mirrors.length > 0) await attempt('note what is new', () => notes.noteAll())
  }
  const look = async (): Promise<void> => {
    for (const served of catalogues.all()) await renew(served)
  }
  await look()
  // The server of another party may be slow to say that it is gone: nobody waits for it.
  void bring()
  const timer = setInterval(() => void look().then(bring), lookMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
