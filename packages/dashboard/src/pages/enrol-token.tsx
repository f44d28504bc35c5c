import { Group, Loader, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useFleet } from '../fleet.ts'
import { CopyLine } from '../parts/copy-line.tsx'
import { DeviceLink } from '../parts/device-link.tsx'
import { LogBadge } from '../parts/log-badge.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { devicesOf, session } from '../queries.ts'

interface EnrolTokenProps {
  readonly made: {
    readonly command: string
    readonly expiresAt: string
    /** The devices that the fleet had before the token was made. */
    readonly before: readonly string[]
  }
}

/** The line to paste, and the device as soon as it joined. */
export function EnrolToken({ made }: EnrolTokenProps): ReactNode {
  const { fleet } = useFleet()
  const { data: who } = useQuery(session)
  return (
    <>
      <Panel
        title="2. Paste this line on the machine that joins"
        aside={who && <LogBadge log={who.log} />}
      >
        <Stack gap="sm">
          <CopyLine line={made.command} />
          <Text size="sm" c="dimmed" component="div">
            It fetches the one-file agent, checks it against a digest, makes a key of its own and
            joins. The token is shown once and ends <Moment at={made.expiresAt} />.
          </Text>
        </Stack>
      </Panel>
      <Joined fleet={fleet.name} before={made.before} />
    </>
  )
}

interface JoinedProps {
  readonly fleet: string
  readonly before: readonly string[]
}

function Joined({ fleet, before }: JoinedProps): ReactNode {
  const { data: devices = [] } = useQuery(devicesOf(fleet))
  const joined = devices.filter(({ id }) => !before.includes(id))
  return (
    <Panel title="3. See it join">
      <div role="status">
        {joined.map(device => (
          <Group key={device.id} gap="sm">
            <DeviceLink id={device.id} />
            <Text size="sm">
              joined <Moment at={device.enrolledAt} />
            </Text>
          </Group>
        ))}
        {joined.length === 0 && (
          <Group gap="sm">
            <Loader size="xs" aria-hidden="true" />
            <Text size="sm" c="dimmed">
              Waits for the device. It shows here as soon as it joins.
            </Text>
          </Group>
        )}
      </div>
    </Panel>
  )
}
