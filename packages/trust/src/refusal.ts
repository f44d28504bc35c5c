import { TrustError } from './error.ts'

/** Refuses a version below the one that is trusted. TUF §5.4.3, §5.5.5 */
export function refuseRollback(what: string, held: number, offered: number): void {
  if (offered >= held) return
  const message = `cannot accept ${what} ${offered}: already trust ${held}`
  throw new TrustError('trust/rollback', message, { what, held, offered })
}

/** Refuses any version but the next: roots are taken one by one. TUF §5.3.5 */
export function refuseOtherThanNext(what: string, held: number, offered: number): void {
  if (offered <= held) refuseRollback(what, held + 1, offered)
  if (offered === held + 1) return
  const message = `cannot accept ${what} ${offered}: the next one is ${held + 1}`
  throw new TrustError('trust/fast-forward', message, { what, held, offered })
}

/** Refuses what has expired; always the last check, since every other finding is graver. */
export function refuseExpired(what: string, expires: Date, now: Date): void {
  if (expires > now) return
  const since = expires.toISOString()
  throw new TrustError('trust/expired', `cannot trust ${what}: expired ${since}`, { what, since })
}
