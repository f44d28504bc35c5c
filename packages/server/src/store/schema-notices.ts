import type { Generated } from 'kysely'

/** What failed, what people are told of it, and where that is sent. */
export interface NoticeTables {
  defect: DefectTable
  defect_revision: {
    defect: number
    revision: number
    count: number
    first_seen: string
    last_seen: string
  }
  /** Whom it hit, and in which revision last. */
  defect_device: {
    defect: number
    device: string
    revision: number
    count: number
    last_seen: string
  }
  /** How often in the `seconds` from `at` on, which are seconds since 1970. */
  defect_count: { defect: number; at: number; seconds: number; count: number }
  /** What people are told: kept for a while, sent by what is due of it. `once` is of what is told once alone. */
  notice: {
    id: Generated<number>
    at: string
    fleet: string
    kind: string
    data: string
    once: string | null
  }
  /** What a person is told by mail: when it is due, and until when after a mail none is sent. */
  mail_choice: {
    person: string
    address: string
    kinds: string
    due_at: string | null
    quiet_until: string
    attempts: number
    said: string
  }
  /** How many devices of a fleet ran what a channel points at, in the `seconds` from `at` on. */
  fleet_share: {
    fleet: string
    package: string
    at: number
    seconds: number
    devices: number
    fresh: number
  }
  mail_due: { person: string; notice: number }
  alert_rule: {
    fleet: string
    name: string
    counts: string
    at_least: number
    within_seconds: number
    raised_at: string | null
  }
  /** By the minute from `at` on, in seconds since 1970. */
  alert_count: { fleet: string; rule: string; at: number; count: number }
  endpoint: EndpointTable
  delivery: DeliveryTable
  /** Events that are kept with their log. */
  defect_sample: { defect: number; event: number }
}

export interface EndpointTable {
  id: string
  fleet: string
  url: string
  /** Kinds of notice that are sent there, as JSON. */
  kinds: string
  /** Base64 of the key that signs: it must be had to sign, so it stands as it is. */
  secret: string
  /** The one before, which signs beside it until `old_until`. */
  old_secret: string | null
  old_until: string | null
  /** `on` or `off`; and why it is off. */
  state: string
  why: string
  failing_since: string | null
  made_by: string
  made_at: string
}

export interface DeliveryTable {
  id: Generated<number>
  endpoint: string
  notice: number
  /** `due`, `sent` or `given up`. */
  state: string
  attempts: number
  /** When it is tried next; null where it is not. */
  next_at: string | null
  /** What the endpoint answered last, where it did. */
  status: number | null
  /** What hindered it last, in words. */
  said: string
  tried_at: string | null
}

export interface DefectTable {
  id: Generated<number>
  fleet: string
  fingerprint: string
  package: string
  /** Empty where no process is to blame. */
  app: string
  kind: string
  exit: number | null
  signal: string | null
  title: string
  state: string
  first_seen: string
  last_seen: string
  first_revision: number
  last_revision: number
  count: number
  devices: number
  /** Of one that is resolved: the last revision that may still have it. */
  resolved_after: number | null
  changed_by: string | null
  changed_at: string | null
}
