import { Text } from '@mantine/core'
import type { Finding, Rollout } from '@steadfleet/domain'
import type { ReactNode } from 'react'
import { evidenceOf } from '../evidence.ts'
import { Panel } from '../parts/panel.tsx'
import { ShareBar } from '../parts/share-bar.tsx'

/** What the halting test makes of what went wrong, kind by kind. */
export function RolloutEvidence({ rollout }: { rollout: Rollout }): ReactNode {
  if (!rollout.findings.some(({ seen }) => seen > 0)) return null
  return (
    <Panel title="Evidence against the release" flush>
      {rollout.findings.map(finding => (
        <FindingRow key={finding.kind} finding={finding} />
      ))}
    </Panel>
  )
}

function FindingRow({ finding }: { finding: Finding }): ReactNode {
  const { what, share, weight } = evidenceOf(finding)
  const tone = weight >= 100 ? 'bad' : 'warn'
  return (
    <div className="panel-body">
      <Text fw={600}>{what}</Text>
      <ShareBar
        label={`${weight} % of the evidence that halts a rollout`}
        shares={[
          { tone, count: weight },
          { tone: 'quiet', count: 100 - weight },
        ]}
      />
      <Text size="sm" c="dimmed">
        {share} {weight} % of the evidence that halts a rollout.
      </Text>
    </div>
  )
}
