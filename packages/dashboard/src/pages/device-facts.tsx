import type { DeviceView } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { toList, toSentence } from '../format/text.ts'
import { Copyable } from '../parts/digest.tsx'
import { type Fact, Facts } from '../parts/facts.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { plainAttributes } from '../tone.ts'

/** What is known of a device. */
export function DeviceFacts({ device }: { device: DeviceView }): ReactNode {
  const { groups: names = [] } = device
  const facts: Fact[] = [
    ['Id', <Copyable key="id" value={device.id} shown={device.id} of="device’s id" />],
    ['Model', device.model || 'not stated'],
    ['Architecture', device.architecture],
    ['Fleet', device.fleet],
    ...(names.length > 0 ? [['Groups', toList(names)] as const] : []),
    ['Generation', device.generation],
    ['Order', orderOf(device)],
    ['Enrolled', <Moment key="enrolled" at={device.enrolledAt} />],
    ['Last seen', device.seenAt === null ? 'never' : <Moment key="seen" at={device.seenAt} />],
    ...plainAttributes(device).map(([name, value]) => [toSentence(name), value] as const),
  ]
  return (
    <Panel title="Facts">
      <Facts facts={facts} />
    </Panel>
  )
}

function orderOf({ counter, orderedCounter }: DeviceView): string {
  if (orderedCounter === 0) return 'none yet'
  return counter >= orderedCounter
    ? `${counter}, the newest`
    : `${counter} accepted, ${orderedCounter} waits for it`
}
