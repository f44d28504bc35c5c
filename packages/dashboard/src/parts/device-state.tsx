import type { DeviceView } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { useNow } from '../now.ts'
import { changeMeanings, isSilent, silentMinutes } from '../tone.ts'
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

/** Whether a device is heard now. */
export function DevicePresence({ device }: { device: DeviceView }): ReactNode {
  const now = useNow()
  if (device.online)
    return (
      <ToneBadge tone="good" means="It holds a stream open to the server.">
        Online
      </ToneBadge>
    )
  if (isSilent(device, now))
    return (
      <ToneBadge tone="warn" means={`Not heard for more than ${silentMinutes} minutes.`}>
        Silent
      </ToneBadge>
    )
  return (
    <ToneBadge tone="quiet" means="No stream is open; it asks every 15 minutes.">
      Offline
    </ToneBadge>
  )
}
