import { toTimestamp } from '@steadfleet/domain'
import type { Logger } from 'pino'
import type { House } from '../house.ts'
import { retryMs } from '../webhooks/deliverer.ts'
import type { Mailer } from './mailer.ts'
import { toMail } from './words.ts'

type Place = Pick<House, 'store' | 'world' | 'origins'> & { readonly mailer: Mailer }

const lookMs = 5000
/** Longer than the longest try. */
const claimMs = 600_000

/** Sends what is due by mail, from now on. */
export function watchMail(place: Place, logger: Logger): Disposable {
  let isBusy = false
  const look = async (): Promise<void> => {
    if (isBusy) return
    isBusy = true
    try {
      const failed = await mailDue(place)
      if (failed.length > 0) logger.warn({ failed }, 'mail could not be sent yet')
    } catch (fault) {
      logger.error({ err: fault }, 'cannot look for mail yet')
    } finally {
      isBusy = false
    }
  }
  const timer = setInterval(() => void look(), lookMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Sends all mail that is due now, one a person. Answers why some was not sent, in codes. */
export async function mailDue({ store, world, origins, mailer }: Place): Promise<string[]> {
  const now = world.now()
  const due = store.db.selectFrom('mail_choice').select('person')
  const isAny = await due.where('due_at', '<=', toTimestamp(now)).executeTakeFirst()
  if (!isAny) return []
  const until = toTimestamp(new Date(now.getTime() + claimMs))
  const failed: string[] = []
  for (const claimed of await store.write('claimMail', { now: toTimestamp(now), until })) {
    const said = claimed.count === 0 ? '' : await send(mailer, toMail(claimed, origins[0] ?? ''))
    if (said !== '') failed.push(said)
    const wait = retryMs[claimed.attempts]
    const nextAt = wait === undefined ? null : toTimestamp(new Date(world.now().getTime() + wait))
    const { person, last } = claimed
    await store.write('settleMail', { person, last, said, now: toTimestamp(world.now()), nextAt })
  }
  return failed
}

/** Why it was not sent, in a code: what a mail server says may repeat what it was told. */
async function send(mailer: Mailer, mail: Parameters<Mailer['send']>[0]): Promise<string> {
  try {
    await mailer.send(mail)
    return ''
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException
    return code ?? name
  }
}
