import type { DatabaseSync } from 'node:sqlite'
import type { Digest } from '@steadfleet/base'
import { emptyAudit, hashOfEntry } from '@steadfleet/protocol'

const shape = `
  create table audit (
    sequence integer primary key, at text not null, "by" text not null, place text not null,
    act text not null, fleet text not null, subject text not null, "before" text not null,
    "after" text not null, previous text not null, hash text not null
  ) strict;
  create index audit_by_act on audit (act, sequence);
  create index audit_by_whom on audit ("by", sequence);
  create trigger audit_is_not_changed before update on audit
    begin select raise(abort, 'the audit log is only added to'); end;
  create trigger audit_is_not_removed before delete on audit
    begin select raise(abort, 'the audit log is only added to'); end;
`

/** By which command each kind of deed was done. */
const acts: readonly (readonly [deed: RegExp, act: string])[] = [
  [/^grant: forgotten$/, 'forgetGrant'],
  [/^grant: rules$/, 'setGrantRules'],
  [/^grant: /, 'decideGrant'],
  [/^review: policy$/, 'setReviewPolicy'],
  [/^review: /, 'reviewRelease'],
]

/** Makes the audit log, and takes over the deeds that were written down before there was one. */
export function beginAudit(database: DatabaseSync): void {
  database.exec(shape)
  const insert = database.prepare('insert into audit values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  let head = emptyAudit
  for (const row of database.prepare('select * from deed order by id').all()) {
    const rest = { ...entryOf(row), sequence: head.sequence + 1, previous: head.hash }
    const { sequence, at, by, place, act, fleet, subject, before, after, previous } = rest
    const hash: Digest = hashOfEntry(rest)
    insert.run(sequence, at, by, place, act, fleet, subject, before, after, previous, hash)
    head = { sequence, hash }
  }
  database.exec('drop table deed')
}

function entryOf(row: Readonly<Record<string, unknown>>) {
  const deed = String(row.deed)
  const verdict = deed.replace(/^\w+: /, '')
  const said: unknown = JSON.parse(String(row.json))
  const fleet = typeof said === 'object' && said && 'fleet' in said ? String(said.fleet) : ''
  return {
    at: String(row.at),
    by: String(row.by),
    place: '',
    act: acts.find(([pattern]) => pattern.test(deed))?.[1] ?? deed,
    fleet,
    subject: String(row.subject),
    before: '',
    after: JSON.stringify({ verdict, said }),
  }
}
