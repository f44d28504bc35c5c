import type { DatabaseSync } from 'node:sqlite'
import { ServerError } from '../error.ts'
import { beginAudit } from './begin-audit.ts'
import { type Twin, twin } from './twin.ts'

/**
 * Steps of the database's shape, in order, never edited: number n brings version n − 1 to n. In SQLite's DDL, which
 * is translated for PostgreSQL; what cannot be has a twin.
 */
export const migrations: readonly (string | Twin)[] = [
  `
  create table fact (name text primary key, value text not null) strict, without rowid;
  create table operator (
    keyid text primary key, name text not null, role text not null, key text not null
  ) strict, without rowid;
  create table session (
    hash text primary key, name text not null, expires_at text not null
  ) strict, without rowid;
  create table sign_in_token (
    hash text primary key, name text not null, expires_at text not null
  ) strict, without rowid;
  create table fleet (name text primary key, owner text not null, model text not null) strict;
  create table fleet_package (
    fleet text not null references fleet, package text not null, channel text not null,
    primary key (fleet, package)
  ) strict, without rowid;
  create table enrolment_token (
    hash text primary key, fleet text not null references fleet, expires_at text not null,
    used_by text
  ) strict, without rowid;
  create table device (
    number integer primary key autoincrement, id text not null unique, name text not null,
    fleet text not null references fleet, model text not null, architecture text not null,
    public_key text not null, enrolled_at text not null, seen_at text,
    report text, report_envelope text, report_sequence integer not null default 0,
    event_sequence integer not null default 0, counter integer not null default 0,
    ordered_counter integer not null default 0, order_due integer not null default 0
  ) strict;
  create index device_by_fleet on device (fleet, number);
  create index device_due on device (order_due) where order_due > 0;
  create table device_order (
    device text primary key, counter integer not null, content text not null,
    envelope text not null, issued_at text not null
  ) strict, without rowid;
  create table device_package (
    device text not null, package text not null, revision integer not null,
    primary key (device, package)
  ) strict, without rowid;
  create table event (
    id integer primary key autoincrement, device text not null, sequence integer not null,
    received_at text not null, kind text not null, json text not null, unique (device, sequence)
  ) strict;
  create index event_by_device on event (device, id);
  create index event_by_kind on event (kind, id);
  create table release (
    number integer primary key autoincrement, package text not null, revision integer not null,
    architecture text not null, record text not null, record_digest text not null,
    record_length integer not null, published_at text not null,
    unique (package, revision, architecture)
  ) strict;
  create table channel (
    package text not null, channel text not null, revision integer not null,
    moved_at text not null, primary key (package, channel)
  ) strict, without rowid;
  create table rollout (
    id integer primary key autoincrement, fleet text not null, package text not null,
    revision integer not null, channel text not null, state text not null, phases text not null,
    tolerated integer not null default 0, why text not null, created_at text not null
  ) strict;
  create index rollout_by_fleet on rollout (fleet, package, id);
  create table move (
    rollout integer not null, device text not null, position integer not null,
    phase integer not null, state text not null, from_revision integer,
    above_counter integer not null default 0, evidence text, primary key (rollout, device)
  ) strict, without rowid;
  create index move_by_device on move (device, state);
  create table setting (
    fleet text not null, package text not null, scope text not null, name text not null,
    json text not null, primary key (fleet, package, scope, name)
  ) strict, without rowid;
  create table fleet_group (
    fleet text not null, name text not null, conditions text not null, primary key (fleet, name)
  ) strict, without rowid;
  `,
  `alter table release add column catalogue text not null default ''`,
  twin(
    `
  alter table fleet add column check_in_seconds integer not null default 900;
  alter table device add column silent_since text;
  alter table event add column code text;
  alter table event add column evidence integer;
  `,
    {
      sqlite: `update event set code = json ->> '$.code'`,
      postgres: `update event set code = json::json ->> 'code'`,
    },
    `
  create index event_by_code on event (kind, code, id);
  create table evidence (
    id integer primary key autoincrement, device text not null, report text not null
  ) strict;
  `,
  ),
  `alter table device_order add column given integer not null default 1`,
  `alter table fleet add column updates text not null default '{}'`,
  `alter table fleet add column probation_seconds integer`,
  twin(
    `alter table rollout add column accepted text not null default '{}'`,
    {
      sqlite: `update rollout set accepted = json_object('failed', tolerated) where tolerated > 0`,
      postgres: `update rollout set accepted = json_build_object('failed', tolerated) where tolerated > 0`,
    },
    `
  alter table rollout drop column tolerated;
  alter table rollout add column findings text not null default '[]';
  alter table move add column crashed integer not null default 0;
  `,
  ),
  `
  alter table fleet add column isolate_from integer;
  alter table device add column isolation text not null default '{}';
  `,
  `
  alter table fleet add column grant_rules text not null default '{}';
  alter table rollout add column waits_for text not null default '[]';
  create table grant_decision (
    fleet text not null references fleet, package text not null, interface text not null,
    scope text not null, target text not null, verdict text not null, request text not null,
    said_by text not null, said_at text not null,
    primary key (fleet, package, interface, scope, target)
  ) strict, without rowid;
  create table review (
    package text not null, revision integer not null, verdict text not null, reason text not null,
    said_by text not null, said_at text not null, primary key (package, revision)
  ) strict, without rowid;
  create table deed (
    id integer primary key autoincrement, at text not null, by text not null, deed text not null,
    subject text not null, json text not null
  ) strict;
  `,
  `
  alter table operator rename to machine_key;
  update machine_key set role = 'administrator' where role = 'operator';
  drop table session;
  drop table sign_in_token;
  create table person (
    id text primary key, name text not null unique, made_at text not null
  ) strict, without rowid;
  create table membership (
    person text not null references person on delete cascade, fleet text not null,
    role text not null, primary key (person, fleet)
  ) strict, without rowid;
  create table session (
    hash text primary key, id text not null unique,
    person text not null references person on delete cascade, made_at text not null,
    seen_at text not null, expires_at text not null, address text not null, agent text not null
  ) strict, without rowid;
  create table sign_in_token (
    hash text primary key, person text not null references person on delete cascade,
    expires_at text not null
  ) strict, without rowid;
  `,
  `
  create table rollout_tally (
    rollout integer not null, phase integer not null, state text not null, count integer not null,
    primary key (rollout, phase, state)
  ) strict, without rowid;
  insert into rollout_tally
    select rollout, phase, state, count(*) from move group by rollout, phase, state;
  insert into rollout_tally
    select rollout, phase, 'crashed', sum(crashed) from move where crashed > 0 group by rollout, phase;
  alter table move add column held integer not null default 0;
  create index move_in_turn on move (rollout, phase, state, held, position);
  alter table rollout add column closed_at text not null default '[]';
  alter table rollout add column wakes_at text;
  create index rollout_wakes on rollout (wakes_at) where wakes_at is not null;
  `,
  `alter table fleet add column model_grants text not null default '{}'`,
  `
  alter table fleet add column rollouts text not null default '{}';
  alter table rollout add column rule text not null default '{}';
  alter table rollout add column starts_at text;
  alter table rollout add column by text not null default '';
  alter table rollout add column approved_by text;
  `,
  beginAudit,
  `
  alter table rollout add column restores_data integer not null default 0;
  alter table device_package add column restores_data integer not null default 0;
  `,
  `
  create table passkey (
    id text primary key, person text not null references person on delete cascade,
    name text not null, public_key text not null, counter integer not null, made_at text not null,
    used_at text
  ) strict, without rowid;
  create index passkey_by_person on passkey (person);
  create table recovery_code (
    hash text primary key, person text not null references person on delete cascade
  ) strict, without rowid;
  create table machine_token (
    hash text primary key, id text not null unique, name text not null unique,
    fleet text not null, role text not null, made_by text not null, made_at text not null,
    expires_at text not null
  ) strict, without rowid;
  `,
  `
  alter table fleet add column required_parts text not null default '[]';
  `,
  `
  create table defect (
    id integer primary key autoincrement, fleet text not null, fingerprint text not null,
    package text not null, app text not null, kind text not null, exit integer, signal text,
    title text not null, state text not null, first_seen text not null, last_seen text not null,
    first_revision integer not null, last_revision integer not null, count integer not null,
    devices integer not null, resolved_after integer, changed_by text, changed_at text,
    unique (fleet, fingerprint)
  ) strict;
  create index defect_by_age on defect (fleet, last_seen);
  create table defect_revision (
    defect integer not null, revision integer not null, count integer not null,
    first_seen text not null, last_seen text not null, primary key (defect, revision)
  ) strict, without rowid;
  create table defect_device (
    defect integer not null, device text not null, revision integer not null,
    count integer not null, last_seen text not null, primary key (defect, device)
  ) strict, without rowid;
  create table defect_count (
    defect integer not null, at integer not null, seconds integer not null, count integer not null,
    primary key (defect, at, seconds)
  ) strict, without rowid;
  create table defect_sample (
    defect integer not null, event integer not null, primary key (defect, event)
  ) strict, without rowid;
  `,
  `
  create table setting_change (
    id integer primary key autoincrement, fleet text not null references fleet,
    package text not null, scope text not null, name text not null, before text not null,
    after text not null, by text not null, at text not null, rollout integer,
    withdrawn integer not null default 0
  ) strict;
  create index setting_by_scope on setting_change (fleet, package, scope, name, id);
  create table device_setting (
    device text not null, package text not null, version integer not null,
    primary key (device, package)
  ) strict, without rowid;
  create table settled_setting (
    fleet text not null, package text not null, version integer not null,
    primary key (fleet, package)
  ) strict, without rowid;
  insert into setting_change (fleet, package, scope, name, before, after, by, at)
    select fleet, package, scope, name, '{}', json, '', '' from setting;
  insert into settled_setting select fleet, package, max(id) from setting_change group by fleet, package;
  drop table setting;
  alter table rollout add column settings integer;
  `,
  `
  create table device_session (
    device text primary key references device (id) on delete cascade, id text not null unique,
    secret text not null, nonce text not null, sequence integer not null, expires_at text not null
  ) strict, without rowid;
  `,
  `
  alter table session add column way text not null default '';
  create table sign_on (
    id text primary key, issuer text not null, subject text not null,
    person text not null references person on delete cascade, by_groups integer not null,
    made_at text not null, unique (issuer, subject)
  ) strict, without rowid;
  create index sign_on_by_person on sign_on (person);
  `,
  `
  create table notice (
    id integer primary key autoincrement, at text not null, fleet text not null, kind text not null,
    data text not null, once text unique
  ) strict;
  create index notice_by_fleet on notice (fleet, id);
  create table endpoint (
    id text primary key, fleet text not null references fleet, url text not null,
    kinds text not null, secret text not null, old_secret text, old_until text,
    state text not null, why text not null, failing_since text, made_by text not null,
    made_at text not null
  ) strict, without rowid;
  create table delivery (
    id integer primary key autoincrement, endpoint text not null, notice integer not null,
    state text not null, attempts integer not null, next_at text, status integer,
    said text not null, tried_at text
  ) strict;
  create index delivery_due on delivery (next_at) where next_at is not null;
  create index delivery_by_endpoint on delivery (endpoint, id);
  create index delivery_by_notice on delivery (notice);
  `,
  `
  alter table device add column note text not null default '';
  alter table device add column change_state text not null default 'committed';
  alter table device add column held_at text;
  alter table device add column gone_at text;
  alter table device add column noted integer not null default 0;
  create index device_sought on device (
    fleet, gone_at, number, id, name, model, architecture, change_state, silent_since, held_at
  );
  create index device_isolated on device (id) where isolation <> '{}';
  create table device_words (
    device text primary key, words text not null
  ) strict, without rowid;
  insert into device_words select id, lower(name || ' ' || id || ' ' || model) from device;
  create table device_label (
    device text not null, name text not null, value text not null, primary key (device, name)
  ) strict, without rowid;
  create index device_by_label on device_label (name, value, device);
  create table device_attribute (
    device text not null, name text not null, value text not null, amount integer,
    primary key (device, name)
  ) strict, without rowid;
  create index device_by_attribute on device_attribute (name, value, device);
  create index device_by_amount on device_attribute (name, amount, device) where amount is not null;
  create table device_release (
    device text not null, package text not null, revision integer not null, version text not null,
    tree text not null, primary key (device, package)
  ) strict, without rowid;
  create index device_by_release on device_release (package, revision, device);
  create index device_by_package on device_package (package, revision, device);
  create table device_pin (
    device text not null, package text not null, revision integer not null,
    primary key (device, package)
  ) strict, without rowid;
  alter table fleet_group add column query text not null default '';
  `,
  `alter table device add column tries_again text`,
  `
  create table mail_choice (
    person text primary key references person on delete cascade, address text not null,
    kinds text not null, due_at text, quiet_until text not null, attempts integer not null,
    said text not null
  ) strict, without rowid;
  create index mail_choice_due on mail_choice (due_at) where due_at is not null;
  create table mail_due (
    person text not null references person on delete cascade, notice integer not null,
    primary key (person, notice)
  ) strict, without rowid;
  create table alert_rule (
    fleet text not null references fleet, name text not null, counts text not null,
    at_least integer not null, within_seconds integer not null, raised_at text,
    primary key (fleet, name)
  ) strict, without rowid;
  create table alert_count (
    fleet text not null, rule text not null, at integer not null, count integer not null,
    primary key (fleet, rule, at)
  ) strict, without rowid;
  `,
  `
  create table health (
    device text not null, seconds integer not null, at integer not null, samples integer not null,
    cpu integer, memory integer, disk integer, temperature integer, signal integer,
    restarts integer, primary key (device, seconds, at)
  ) strict, without rowid;
  `,
  `
  alter table rollout add column turns integer not null default 0;
  `,
  `
  create table fleet_share (
    fleet text not null, package text not null, at integer not null, seconds integer not null,
    devices integer not null, fresh integer not null, primary key (fleet, package, at, seconds)
  ) strict, without rowid;
  `,
]

/** Brings a database to the newest shape, one transaction a step, and refuses a newer one. */
export function migrate(database: DatabaseSync): void {
  const held = Number(database.prepare('pragma user_version').get()?.user_version ?? 0)
  refuseNewer(held)
  for (const [i, step] of migrations.entries()) {
    if (i < held) continue
    database.exec('begin immediate')
    if (typeof step === 'string') database.exec(step)
    else step.sqlite(database)
    database.exec(`pragma user_version = ${i + 1}; commit`)
  }
}

/** Refuses a database that a newer server has already brought on. */
export function refuseNewer(held: number): void {
  if (held <= migrations.length) return
  const message = `cannot read database: its version ${held} is newer than this server's ${migrations.length}`
  throw new ServerError('server/newer-data', message, { held })
}
