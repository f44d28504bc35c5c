import type { AuditEntry } from '@steadfleet/protocol'
import type { Generated, Kysely } from 'kysely'
import type { HealthTable } from './health-table.ts'
import type { NoticeTables } from './schema-notices.ts'

/** Everything in the database, table by table. JSON is text; moments are RFC 3339 text. */
export interface Database extends NoticeTables {
  fact: { name: string; value: string }
  /** Keys that sign requests for the whole server. */
  machine_key: { keyid: string; name: string; role: string; key: string }
  person: { id: string; name: string; made_at: string }
  /** What a person is to a fleet; to every fleet and the server under `*`. */
  membership: { person: string; fleet: string; role: string }
  session: SessionTable
  passkey: PasskeyTable
  /** Codes are drawn, never chosen, so a digest keeps them. */
  recovery_code: { hash: string; person: string }
  machine_token: MachineTokenTable
  sign_on: SignOnTable
  sign_in_token: { hash: string; person: string; expires_at: string }
  fleet: {
    name: string
    owner: string
    model: string
    check_in_seconds: Generated<number>
    /** The update policy, as JSON. */
    updates: Generated<string>
    probation_seconds: Generated<number | null>
    /** Denied attempts in a minute from which a package is isolated. */
    isolate_from: Generated<number | null>
    /** The rollout policy, as JSON. */
    rollouts: Generated<string>
    /** What devices must have to confine apps with, as JSON. */
    required_parts: Generated<string>
    /** Who has an interface without being asked about, as JSON. */
    grant_rules: Generated<string>
    /** The same, as the statement of its model has it. */
    model_grants: Generated<string>
  }
  fleet_package: { fleet: string; package: string; channel: string }
  enrolment_token: { hash: string; fleet: string; expires_at: string; used_by: string | null }
  device: DeviceTable
  device_order: OrderTable
  /** The session that a device opened last, and the highest sequence that was used in it. */
  device_session: DeviceSessionTable
  /** `restores_data`: 1 where a device that goes back to it takes up its data of then. */
  device_package: {
    device: string
    package: string
    revision: number
    restores_data: Generated<number>
  }
  event: EventTable
  /** Envelopes of reports that vouch for events. */
  evidence: { id: Generated<number>; device: string; report: string }
  release: ReleaseTable
  channel: { package: string; channel: string; revision: number; moved_at: string }
  rollout: RolloutTable
  /** How many moves of a rollout are in each state, phase by phase; `crashed` is a count beside them. */
  rollout_tally: { rollout: number; phase: number; state: string; count: number }
  move: MoveTable
  /** Every change of settings, from which those in force follow; values are JSON. docs/decisions/0052 */
  setting_change: SettingChangeTable
  /** How far the fleet and group settings of a device were moved, where that is not as far as its fleet's. */
  device_setting: { device: string; package: string; version: number }
  /** What devices measured of themselves: by five minutes, hours and days, each with an end. */
  health: HealthTable
  settled_setting: { fleet: string; package: string; version: number }
  /** What was said of an interface of a package, for a fleet or one device. */
  grant_decision: {
    fleet: string
    package: string
    interface: string
    scope: string
    target: string
    verdict: string
    /** What was asked for when it was said, as JSON. */
    request: string
    said_by: string
    said_at: string
  }
  /** Whether a revision that requests risky interfaces may go to `stable`. */
  review: {
    package: string
    revision: number
    verdict: string
    reason: string
    said_by: string
    said_at: string
  }
  /** Who did what: only ever added to, each row naming the one before. */
  audit: AuditEntry
  /** `conditions` of groups that were saved before queries were, as JSON; `query` is empty then. */
  fleet_group: { fleet: string; name: string; conditions: string; query: Generated<string> }
  device_label: { device: string; name: string; value: string }
  /** What a device said of itself last; `amount` where that reads as a whole number. */
  device_attribute: { device: string; name: string; value: string; amount: number | null }
  /** What a device said that it runs. */
  device_release: {
    device: string
    package: string
    revision: number
    version: string
    tree: string
  }
  /** What a search looks in: its name, labels, packages and note, in small letters. */
  device_words: { device: string; words: string }
  /** Revisions that people keep single devices at. */
  device_pin: { device: string; package: string; revision: number }
}
export type Db = Kysely<Database>

export interface PasskeyTable {
  /** The credential’s own id. */
  id: string
  person: string
  name: string
  public_key: string
  /** How often its authenticator says that it was used; 0 for those that do not count. */
  counter: number
  made_at: string
  used_at: string | null
}

export interface MachineTokenTable {
  hash: string
  id: string
  name: string
  /** `*` for every fleet and the server. */
  fleet: string
  role: string
  made_by: string
  made_at: string
  expires_at: string
}

export interface SessionTable {
  hash: string
  /** By which it is told and ended; of no use for signing in. */
  id: string
  person: string
  made_at: string
  seen_at: string
  expires_at: string
  address: string
  agent: string
  /** By what it began; empty where it is older than that question. */
  way: Generated<string>
}

/** An account of an OpenID provider, by which its person signs in. */
export interface SignOnTable {
  id: string
  issuer: string
  subject: string
  person: string
  /** 1 where the person’s roles are what the groups that the issuer tells make them. */
  by_groups: number
  made_at: string
}

export interface DeviceTable {
  /** Rises with enrolment: the stable order in which rollouts go through a fleet. */
  number: Generated<number>
  id: string
  name: string
  fleet: string
  model: string
  architecture: string
  public_key: string
  enrolled_at: string
  seen_at: string | null
  /** The newest verified StateReport, and the envelope that proves it. */
  report: string | null
  report_envelope: string | null
  report_sequence: Generated<number>
  event_sequence: Generated<number>
  counter: Generated<number>
  ordered_counter: Generated<number>
  /** Since when the silence alarm is up. */
  silent_since: string | null
  /** What of it is isolated, as JSON. */
  isolation: Generated<string>
  /** Raised by whatever may change the device's order; the orderer clears what it has seen. */
  order_due: Generated<number>
  /** What people wrote about it. */
  note: Generated<string>
  /** Of its last change, as the report has it. */
  change_state: Generated<string>
  /** Since when a person holds it: no rollout moves it. */
  held_at: Generated<string | null>
  /** When somebody last asked that it try again what failed. */
  tries_again: Generated<string | null>
  /** Since when it is decommissioned. */
  gone_at: Generated<string | null>
  /** 1 once its report is in the tables that queries ask. */
  noted: Generated<number>
}

interface DeviceSessionTable {
  device: string
  id: string
  /** The session's key, in hexadecimal: good for as long as the session. */
  secret: string
  /** Under which it was opened, and under which each of its requests is signed. */
  nonce: string
  sequence: number
  expires_at: string
}

export interface OrderTable {
  device: string
  counter: number
  /** Digest of the content: the same content is not signed again. */
  content: string
  envelope: string
  issued_at: string
  /** 1 from when a reply brought it to its device: only then can the device hold it. */
  given: Generated<number>
}

export interface EventTable {
  id: Generated<number>
  device: string
  /** The device's own number of it; below 0 of what the server noted. */
  sequence: number
  received_at: string
  kind: string
  json: string
  code: string | null
  /** The row of `evidence` by which the device signed it. */
  evidence: number | null
}

export interface ReleaseTable {
  number: Generated<number>
  package: string
  revision: number
  architecture: string
  record: string
  record_digest: string
  record_length: number
  published_at: string
  /** Whose targets it is one of; empty for the server's first catalogue. */
  catalogue: Generated<string>
}

export interface RolloutTable {
  id: Generated<number>
  fleet: string
  package: string
  revision: number
  channel: string
  state: string
  phases: string
  /** What had gone wrong when a person last resumed: {@link Seen}, or as much of it as there was. */
  accepted: Generated<string>
  /** What the halting test made of it last. */
  findings: Generated<string>
  why: string
  created_at: string
  /** Requests that somebody must say yes or no to before it goes on, as JSON. */
  waits_for: Generated<string>
  /** When each phase had nothing to wait for any more, in milliseconds since 1970, as JSON. */
  closed_at: Generated<string>
  /** What the halting test lets pass, where that is not the usual, as JSON. */
  rule: Generated<string>
  starts_at: Generated<string | null>
  by: Generated<string>
  approved_by: Generated<string | null>
  /** 1 where devices that go back by it take up their data of then. */
  restores_data: Generated<number>
  /** The change of settings that it moves devices to; null where it moves them to the revision. */
  settings: Generated<number | null>
  /** 1 where devices come by turns, not as they joined. */
  turns: Generated<number>
  /** When it is looked at although no device speaks: it begins, or a phase has soaked. */
  wakes_at: Generated<string | null>
}

export interface SettingChangeTable {
  id: Generated<number>
  fleet: string
  package: string
  scope: string
  name: string
  before: string
  after: string
  by: string
  at: string
  rollout: number | null
  /** 1 where its rollout was cancelled. */
  withdrawn: Generated<number>
}

export interface MoveTable {
  rollout: number
  device: string
  position: number
  phase: number
  state: string
  crashed: Generated<number>
  /** 1 where it waits for somebody to say yes or no to what the release asks for. */
  held: Generated<number>
  /**
   * What the device ran before, to which its order returns when it fails: a revision, or where settings are
   * moved the change of settings.
   */
  from_revision: number | null
  /** The counter above which reports speak of this move. */
  above_counter: Generated<number>
  /** The signed report that decided it. */
  evidence: string | null
}
