import { Text } from '@mantine/core'
import type { InstalledRelease, SettingDeclarations } from '@steadfleet/domain'
import type { DeviceView } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Asked } from '../parts/asked.tsx'
import { Panel } from '../parts/panel.tsx'
import { recordOf, releases, settingsOf } from '../queries.ts'
import { valuesAt } from '../settings.ts'
import { SettingHistory } from './setting-history.tsx'
import { SettingsForm } from './settings-form.tsx'

/** The settings of each package that a device runs, typed as its release declares them. */
export function DeviceSettings({ device }: { device: DeviceView }): ReactNode {
  const known = useQuery(releases)
  return device.releases.map(installed => {
    const release = known.data?.find(
      each =>
        each.package === installed.package &&
        each.revision === installed.revision &&
        each.architecture === device.architecture,
    )
    return (
      release && (
        <OfPackage
          key={installed.package}
          device={device}
          installed={installed}
          record={release.record.digest}
        />
      )
    )
  })
}

interface OfPackageProps {
  readonly device: DeviceView
  readonly installed: InstalledRelease
  readonly record: string
}

function OfPackage({ device, installed, record }: OfPackageProps): ReactNode {
  const asked = useQuery(recordOf(record))
  return (
    <Panel title={`Settings of ${installed.package}`}>
      <Asked of={asked}>
        {({ behaviour: { settings = {} } }) =>
          Object.keys(settings).length > 0 ? (
            <Given device={device} of={installed.package} declared={settings} />
          ) : (
            <Text size="sm" c="dimmed">
              Its manifest declares no setting.
            </Text>
          )
        }
      </Asked>
    </Panel>
  )
}

interface GivenProps {
  readonly device: DeviceView
  readonly of: string
  readonly declared: SettingDeclarations
}

function Given({ device, of, declared }: GivenProps): ReactNode {
  return (
    <Asked of={useQuery(settingsOf(device.fleet))}>
      {views => {
        const given = {
          fleet: valuesAt(views, of, 'fleet', [device.fleet]),
          group: valuesAt(views, of, 'group', device.groups ?? []),
          device: valuesAt(views, of, 'device', [device.id]),
        }
        return (
          <>
            <SettingsForm device={device} of={of} declared={declared} given={given} />
            <SettingHistory fleet={device.fleet} of={of} />
          </>
        )
      }}
    </Asked>
  )
}
