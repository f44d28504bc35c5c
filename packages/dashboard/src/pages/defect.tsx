import { Anchor, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import type { DefectDetails } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import { addressOf } from '../api.ts'
import { defectMeanings, failureKinds, spanOf } from '../defects.ts'
import { toCount, toSentence } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { Columns } from '../parts/columns.tsx'
import { Digest } from '../parts/digest.tsx'
import { Facts } from '../parts/facts.tsx'
import { Moment } from '../parts/moment.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { defectNumber } from '../queries.ts'
import { DefectSteering } from './defect-steering.tsx'
import { FailureRow } from './failure-row.tsx'

/** One defect with its devices, its releases, and what was said as it failed. */
export function DefectPage(): ReactNode {
  const { defect = '' } = useParams()
  const asked = useQuery(defectNumber(Number(defect)))
  return <Asked of={asked}>{found => <Found defect={found} />}</Asked>
}

function Found({ defect }: { defect: DefectDetails }): ReactNode {
  const { tone, means } = defectMeanings[defect.state]
  return (
    <Page
      title={`Failure ${defect.id}`}
      heading={<span style={{ overflowWrap: 'anywhere' }}>{defect.title}</span>}
      lead={
        <Group gap={8}>
          <ToneBadge tone={tone} means={means}>
            {toSentence(defect.state)}
          </ToneBadge>
          <span>
            {failureKinds[defect.kind]}: {defect.package}, {spanOf(defect)}
          </span>
        </Group>
      }
      actions={<DefectSteering defect={defect} />}
    >
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Stack gap="lg">
          <Counts defect={defect} />
          <Releases defect={defect} />
        </Stack>
        <Devices defect={defect} />
      </SimpleGrid>
      <Panel title="As it was told" flush>
        {defect.samples.map(view => (
          <FailureRow key={view.id} view={view} />
        ))}
      </Panel>
    </Page>
  )
}

function Counts({ defect }: { defect: DefectDetails }): ReactNode {
  const { count, devices, firstSeen, lastSeen, changedBy, resolvedAfter } = defect
  const counts = defect.counts.slice(-48)
  const since = counts[0]?.at ?? firstSeen
  return (
    <Panel title="Over time">
      <Columns
        counts={counts.map(one => one.count)}
        height={64}
        label={`${toCount(count, 'time')} on ${toCount(devices, 'device')}; a column for each hour or day that had any, since ${since}`}
      />
      <Facts
        facts={[
          ['Seen', `${toCount(count, 'time')} on ${toCount(devices, 'device')}`],
          ['First', <Moment key="first" at={firstSeen} />],
          ['Last', <Moment key="last" at={lastSeen} />],
          ['Fingerprint', <Digest key="print" value={defect.fingerprint} of="fingerprint" />],
          ...(changedBy === undefined
            ? []
            : [[toSentence(defect.state), `by ${changedBy}`] as const]),
          ...(resolvedAfter === undefined
            ? []
            : [['Mended', `after revision ${resolvedAfter}`] as const]),
        ]}
      />
    </Panel>
  )
}

/** What was released, and who signed how it was built: one click from the failure. */
function Releases({ defect }: { defect: DefectDetails }): ReactNode {
  return (
    <Panel title="Revisions" flush>
      {defect.revisions.map(({ revision, count, firstSeen }) => (
        <Group key={revision} className="panel-row" justify="space-between" gap="xs">
          <Link className="quiet-link" to="/releases">
            {defect.package} revision {revision}
          </Link>
          <Text size="sm" c="dimmed" component="span">
            {toCount(count, 'time')}, first <Moment at={firstSeen} />
          </Text>
        </Group>
      ))}
      {defect.releases.map(({ architecture, record, provenance, sbom }) => (
        <Group key={architecture} className="panel-row" gap="md">
          <Text size="sm" c="dimmed">
            Revision {defect.lastRevision}, {architecture}
          </Text>
          <Content digest={record.digest}>Release record</Content>
          <Content digest={provenance.digest}>Provenance</Content>
          <Content digest={sbom.digest}>Components</Content>
        </Group>
      ))}
    </Panel>
  )
}

function Content({ digest, children }: { digest: string; children: ReactNode }): ReactNode {
  return (
    <Anchor size="sm" href={addressOf('getObject', { params: { digest } })} target="_blank">
      {children}
    </Anchor>
  )
}

function Devices({ defect: { hit, devices } }: { defect: DefectDetails }): ReactNode {
  const aside = devices > hit.length && (
    <Text size="sm" c="dimmed">
      the last {hit.length} of {devices}
    </Text>
  )
  return (
    <Panel title="Devices" aside={aside} flush>
      {hit.map(({ device, deviceName, revision, count, lastSeen }) => (
        <Group key={device} className="panel-row" justify="space-between" gap="xs">
          <Link className="quiet-link" to={`/devices/${device}`}>
            {deviceName}
          </Link>
          <Text size="sm" c="dimmed" component="span">
            revision {revision}, {toCount(count, 'time')}, <Moment at={lastSeen} />
          </Text>
        </Group>
      ))}
    </Panel>
  )
}
