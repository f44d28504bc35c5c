import type { FleetName } from '@steadfleet/domain'
import type { DeliveryView, EndpointView, NoticeView } from '@steadfleet/protocol'
import type { deliveriesTo, EndpointRow, NoticeRow } from '../store/endpoint-store.ts'

export function toNoticeView({ id, at, kind, fleet, data }: NoticeRow): NoticeView {
  const whose = fleet === '' ? {} : { fleet: fleet as FleetName }
  return { id, at, kind, ...whose, data: JSON.parse(data) }
}

export function toEndpointView(row: EndpointRow): EndpointView {
  return {
    ...{ id: row.id, url: row.url, kinds: JSON.parse(row.kinds) },
    ...{ on: row.state === 'on', why: row.why },
    ...(row.failing_since !== null && { failingSince: row.failing_since }),
    ...{ madeBy: row.made_by, madeAt: row.made_at },
  }
}

type DeliveryRow = Awaited<ReturnType<typeof deliveriesTo>>[number]

export function toDeliveryView(row: DeliveryRow): DeliveryView {
  return {
    ...{ id: row.id, notice: row.notice, at: row.at, attempts: row.attempts, said: row.said },
    kind: row.kind as DeliveryView['kind'],
    state: row.state as DeliveryView['state'],
    ...(row.next_at !== null && { nextAt: row.next_at }),
    ...(row.tried_at !== null && { triedAt: row.tried_at }),
    ...(row.status !== null && { status: row.status }),
  }
}
