import { Button, Group, ScrollArea, Table, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReleaseView } from '@steadfleet/protocol'
import { IconArrowRight } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { toSize } from '../format/text.ts'
import { Digest } from '../parts/digest.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { MoveChannel } from './move-channel.tsx'
import { ReleaseHygiene } from './release-hygiene.tsx'

interface PackagePanelProps {
  readonly name: string
  readonly releases: readonly ReleaseView[]
}

/** The releases of one package, newest first, and the way to move its channels. */
export function PackagePanel({ name, releases }: PackagePanelProps): ReactNode {
  const [opened, { open, close }] = useDisclosure()
  const newestFirst = releases.toSorted((a, b) => b.revision - a.revision)
  return (
    <Panel
      title={name}
      aside={
        <Button
          variant="default"
          size="xs"
          leftSection={<IconArrowRight size={14} />}
          onClick={open}
        >
          Move a channel
        </Button>
      }
      flush
    >
      <ScrollArea type="auto" viewportProps={{ tabIndex: 0, 'aria-label': `Releases of ${name}` }}>
        <Table verticalSpacing="sm" miw={720}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Revision</Table.Th>
              <Table.Th>Channels</Table.Th>
              <Table.Th>Architecture</Table.Th>
              <Table.Th>Size</Table.Th>
              <Table.Th>Tree</Table.Th>
              <Table.Th>Record</Table.Th>
              <Table.Th>Hygiene</Table.Th>
              <Table.Th>Published</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {newestFirst.map(release => (
              <ReleaseRow key={`${release.revision}/${release.architecture}`} release={release} />
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
      {opened && <MoveChannel name={name} releases={newestFirst} onClose={close} />}
    </Panel>
  )
}

function ReleaseRow({ release }: { release: ReleaseView }): ReactNode {
  return (
    <Table.Tr>
      <Table.Td>
        <Text span fw={600} size="sm">
          {release.revision}
        </Text>{' '}
        <Text span c="dimmed" size="sm">
          {release.version}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={6}>
          {release.channels.map(channel => (
            <ToneBadge key={channel} tone="busy" plain>
              {channel}
            </ToneBadge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td>{release.architecture}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{toSize(release.size)}</Table.Td>
      <Table.Td>
        <Digest value={release.tree.digest} of="tree" />
      </Table.Td>
      <Table.Td>
        <Digest value={release.record.digest} of="release record" />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <ReleaseHygiene release={release} />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Moment at={release.publishedAt} />
      </Table.Td>
    </Table.Tr>
  )
}
