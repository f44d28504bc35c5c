import { type NoticeKind, noticeShapes } from '@steadfleet/domain'
import type { ClaimedMail } from '../acts/mail.ts'
import type { Mail } from './mailer.ts'

type Facts = Readonly<Record<string, unknown>>

/** A notice in one line, by its kind. */
const lines: Readonly<Record<NoticeKind, (facts: Facts) => string>> = {
  'rollout.halted': one => `rollout ${one.rollout} of ${release(one)} is halted: ${one.why}`,
  'rollout.done': one => `rollout ${one.rollout} of ${release(one)} is done`,
  'rollout.wants-approval': one =>
    `rollout ${one.rollout} of ${release(one)} waits for a second person`,
  'failure.new': one => `${release(one)} failed as never before: ${one.title}`,
  'failure.regressed': one => `${release(one)} fails again: ${one.title}`,
  'device.silent': one => `${one.count} devices fell silent: ${namesIn(one.devices)}`,
  'device.isolated': one => `${one.name} was isolated by ${one.by}`,
  'security.refused': one => `${one.name} refused something: ${one.code}: ${one.message}`,
  'role.expiring': one => `the signature of ${one.role} expires ${one.expires}`,
  'alert.raised': one => `rule ${one.rule} counted ${one.seen} of ${one.counts}`,
  'endpoint.off': one => `webhook ${one.endpoint} is off: ${one.why}`,
  'endpoint.test': one => `${one.by} tried webhook ${one.endpoint}`,
}

/** One mail of all that a person is to be told: by kind, the newest first, with where to look. */
export function toMail({ address, count, notices }: ClaimedMail, origin: string): Mail {
  const [first] = notices
  const told = notices.map(({ at, kind, data }) => `${at}  ${lineOf(kind, JSON.parse(data))}`)
  const more = count > told.length ? [`… and ${count - told.length} earlier ones`] : []
  const only = count === 1 && first ? lineOf(first.kind, JSON.parse(first.data)) : undefined
  const kinds = [...new Set(notices.map(({ kind }) => noticeShapes[kind].summary))]
  return {
    to: address,
    subject: toSubject(only ?? `${count} notices`),
    text: [
      ...told,
      ...more,
      '',
      ...kinds,
      '',
      `${origin}/`,
      '',
      'Who is told what: your page, “You”.',
      '',
    ].join('\n'),
  }
}

function lineOf(kind: NoticeKind, facts: Facts): string {
  const fleet = typeof facts.fleet === 'string' ? `[${facts.fleet}] ` : ''
  // What apps and devices said is one line here, and nothing of it a terminal or a reader of mail acts on.
  return `${fleet}${lines[kind](facts)}`
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .slice(0, 500)
}

function toSubject(text: string): string {
  return `Steadfleet: ${text}`.slice(0, 150)
}

function release({ package: name, revision }: Facts): string {
  return `${name} revision ${revision}`
}

function namesIn(devices: unknown): string {
  const named = devices as readonly { readonly name: string }[]
  return named.map(({ name }) => name).join(', ')
}
