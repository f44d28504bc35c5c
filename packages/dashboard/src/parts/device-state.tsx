import type { DeviceView } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { changeMeanings } from '../tone.ts'
import { ToneBadge } from './tone-badge.tsx'

/** The state of a device's last change. */
export function DeviceState({ device }: { device: DeviceView }): ReactNode {
  const { tone, means } = changeMeanings[device.state]
  return (
    <ToneBadge tone={tone} means={means}>
      {toSentence(device.state)}
    </ToneBadge>
  )
}

/** Whether a device is heard now. Silence outweighs an open stream. */
export function DevicePresence({ device }: { device: DeviceView }): ReactNode {
  if (device.silentSince !== null)
    return (
      <ToneBadge tone="warn" means="It missed three of its check-ins, whatever its stream says.">
        Silent
      </ToneBadge>
    )
  if (device.online)
    return (
      <ToneBadge tone="good" means="It holds a stream open to the server, or asked lately.">
        Online
      </ToneBadge>
    )
  return (
    <ToneBadge tone="quiet" means="No stream is open; it asks at its interval.">
      Offline
    </ToneBadge>
  )
}
