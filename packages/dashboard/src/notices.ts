import type { NoticeKind } from '@steadfleet/domain'

/** What anybody may choose to be told of, and how it is called on a page. */
export const noticeNames: Readonly<Record<Exclude<NoticeKind, 'endpoint.test'>, string>> = {
  'rollout.halted': 'A rollout is halted',
  'rollout.done': 'A rollout is done',
  'rollout.wants-approval': 'A rollout waits for a second person',
  'failure.new': 'Something fails as never before',
  'failure.regressed': 'Something mended fails again',
  'device.silent': 'Devices fall silent',
  'device.isolated': 'Something is isolated',
  'security.refused': 'A device refuses something',
  'role.expiring': 'A key’s signature is about to expire',
  'alert.raised': 'A rule of the fleet has counted enough',
  'endpoint.off': 'A webhook is turned off',
}
