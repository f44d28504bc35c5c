import type { DeviceView } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { Facts } from '../parts/facts.tsx'
import { Panel } from '../parts/panel.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { confinementOf } from '../tone.ts'

/** How a device confines what it runs, as it probed and reported it. */
export function DeviceConfinement({ device }: { device: DeviceView }): ReactNode {
  const { verdict, parts } = confinementOf(device)
  if (verdict === undefined && parts.length === 0) return null
  const badge = verdict !== undefined && (
    <ToneBadge tone={verdict === 'enforced' ? 'good' : 'warn'}>{toSentence(verdict)}</ToneBadge>
  )
  return (
    <Panel title="Confinement" aside={badge}>
      <Facts facts={parts.map(([name, how]) => [toSentence(name), how] as const)} />
    </Panel>
  )
}
