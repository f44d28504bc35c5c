import { Group, Stack, Text } from '@mantine/core'
import type { AppStatus } from '@steadfleet/domain'
import type { DeviceView } from '@steadfleet/protocol'
import { IconPackage } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { toCount, toSentence } from '../format/text.ts'
import { Digest } from '../parts/digest.tsx'
import { Empty } from '../parts/empty.tsx'
import { Panel } from '../parts/panel.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { appTones } from '../tone.ts'
import { TryReleaseButton } from './try-release-button.tsx'

/** What a device runs: each package with its apps. */
export function DeviceSoftware({ device }: { device: DeviceView }): ReactNode {
  return (
    <Panel title="Runs" aside={<TryReleaseButton device={device} />} flush>
      {device.releases.map(release => (
        <Stack key={release.package} className="panel-row" gap={8}>
          <Group justify="space-between" gap="xs">
            <div>
              <Text fw={600}>
                {release.package} {release.version}
              </Text>
              <Text size="sm" c="dimmed">
                revision {release.revision}
              </Text>
              {device.disallowed.includes(release.package) && (
                <Text size="sm">It stays: the owner’s policy lets nothing new of it in.</Text>
              )}
            </div>
            <Text size="sm" c="dimmed" component="div">
              tree <Digest value={release.tree} of="tree" />
            </Text>
          </Group>
          {device.apps
            .filter(app => app.package === release.package)
            .map(app => (
              <AppLine key={app.app} app={app} />
            ))}
        </Stack>
      ))}
      {device.releases.length === 0 && (
        <Empty icon={IconPackage} title="It runs nothing yet">
          It gets what its fleet follows with its first order, when it next asks.
        </Empty>
      )}
    </Panel>
  )
}

function AppLine({ app: { app, state, restarts } }: { app: AppStatus }): ReactNode {
  return (
    <Group gap="sm">
      <ToneBadge tone={appTones[state]}>{toSentence(state)}</ToneBadge>
      <Text size="sm">{app}</Text>
      <Text size="sm" c="dimmed">
        {restarts > 0 && toCount(restarts, 'restart')}
      </Text>
    </Group>
  )
}
