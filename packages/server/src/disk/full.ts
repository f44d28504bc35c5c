import { ServerError } from '../error.ts'

const codes: readonly unknown[] = ['ENOSPC', 'EDQUOT']
/** SQLITE_FULL, as `node:sqlite` numbers its errors. */
const sqliteFull = 13

/** A full disk in words of ours; undefined for every other fault. */
export function asDiskFull(fault: unknown): ServerError | undefined {
  if (!(fault instanceof Error)) return undefined
  const { code, errcode } = fault as { code?: unknown; errcode?: unknown }
  if (!codes.includes(code) && errcode !== sqliteFull) return undefined
  const message = 'cannot store: the disk of the server is full'
  return new ServerError('server/disk-full', message, {}, { cause: fault })
}
