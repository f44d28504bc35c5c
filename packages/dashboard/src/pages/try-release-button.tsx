import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { DeviceView } from '@steadfleet/protocol'
import { IconFlask } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { releases } from '../queries.ts'
import { TryRelease } from './try-release.tsx'

/** The way to try a release on a device; nothing where there is none for it. */
export function TryReleaseButton({ device }: { device: DeviceView }): ReactNode {
  const { data: all = [] } = useQuery(releases)
  const [opened, { open, close }] = useDisclosure()
  const [first, ...others] = all.filter(each => each.architecture === device.architecture)
  if (!first) return null
  return (
    <>
      <Button variant="default" size="xs" leftSection={<IconFlask size={14} />} onClick={open}>
        Try a release
      </Button>
      {opened && <TryRelease device={device} releases={[first, ...others]} onClose={close} />}
    </>
  )
}
