import type { Digest } from '@steadfleet/base'
import { emptyAudit, hashOfEntry } from '@steadfleet/protocol'
import { toPostgres } from './to-postgres.ts'
import type { Twin } from './twin.ts'

const shape = `
  create table audit (
    sequence integer primary key, at text not null, "by" text not null, place text not null,
    act text not null, fleet text not null, subject text not null, "before" text not null,
    "after" text not null, previous text not null, hash text not null
  ) strict;
  create index audit_by_act on audit (act, sequence);
  create index audit_by_whom on audit ("by", sequence);
`

/** Nothing changes or removes an entry, whatever asks for it. */
export const guards = {
  sqlite: `
  create trigger audit_is_not_changed before update on audit
    begin select raise(abort, 'the audit log is only added to'); end;
  create trigger audit_is_not_removed before delete on audit
    begin select raise(abort, 'the audit log is only added to'); end;
  `,
  postgres: `
  create function refuse_audit_change() returns trigger language plpgsql as
    $$ begin raise exception 'the audit log is only added to'; end $$;
  create trigger audit_is_not_changed before update or delete or truncate on audit
    for each statement execute function refuse_audit_change();
  `,
}

/** By which command each kind of deed was done. */
const acts: readonly (readonly [deed: RegExp, act: string])[] = [
  [/^grant: forgotten$/, 'forgetGrant'],
  [/^grant: rules$/, 'setGrantRules'],
  [/^grant: /, 'decideGrant'],
  [/^review: policy$/, 'setReviewPolicy'],
  [/^review: /, 'reviewRelease'],
]

/** Makes the audit log, and takes over the deeds that were written down before there was one. */
export const beginAudit: Twin = {
  sqlite(database) {
    database.exec(shape)
    const insert = database.prepare('insert into audit values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
    const deeds = database.prepare('select * from deed order by id').all()
    for (const values of entriesOf(deeds)) insert.run(...values)
    database.exec(`${guards.sqlite}; drop table deed`)
  },
  async postgres(ask) {
    await ask(toPostgres(shape))
    const insert = 'insert into audit values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)'
    const { rows } = await ask('select * from deed order by id')
    for (const values of entriesOf(rows as Row[])) await ask(insert, values)
    await ask(guards.postgres)
    await ask('drop table deed')
  },
}

type Row = Readonly<Record<string, unknown>>

/** Deeds as entries of the log, each the columns in their order. */
function entriesOf(deeds: readonly Row[]): (string | number)[][] {
  const entries: (string | number)[][] = []
  let head = emptyAudit
  for (const row of deeds) {
    const rest = { ...entryOf(row), sequence: head.sequence + 1, previous: head.hash }
    const { sequence, at, by, place, act, fleet, subject, before, after, previous } = rest
    const hash: Digest = hashOfEntry(rest)
    entries.push([sequence, at, by, place, act, fleet, subject, before, after, previous, hash])
    head = { sequence, hash }
  }
  return entries
}

function entryOf(row: Row) {
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
