import { Button, Group, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { useFleet } from '../fleet.ts'
import { FleetChoice } from '../parts/fleet-choice.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { devicesOf } from '../queries.ts'
import { EnrolToken } from './enrol-token.tsx'

const spans = [
  { value: '3600', label: 'One hour' },
  { value: '86400', label: 'One day' },
  { value: '604800', label: 'One week' },
]

/** Makes a one-time token and shows the line that joins a machine to the fleet. */
export function EnrolPage(): ReactNode {
  const { fleet } = useFleet()
  const [seconds, setSeconds] = useState('3600')
  const make = useMake(fleet.name, Number(seconds))
  return (
    <Page
      title="Enrol a device"
      lead="One line, pasted on the machine that joins, is all it takes."
      actions={<FleetChoice />}
    >
      <Panel title="1. Make a token">
        <Stack gap="md">
          <Text size="sm">
            A token lets one device into fleet {fleet.name}, once. It carries the digests of the
            first roots, so that the device trusts nothing the network tells it.
          </Text>
          <Group align="flex-end" gap="sm">
            <Select
              label="Good for"
              data={spans}
              value={seconds}
              allowDeselect={false}
              onChange={given => given !== null && setSeconds(given)}
            />
            <Button loading={make.isPending} onClick={() => make.mutate()}>
              {make.data ? 'Make another' : 'Make a token'}
            </Button>
          </Group>
          {make.isError && <ProblemNotice error={make.error} />}
        </Stack>
      </Panel>
      {make.data && <EnrolToken key={make.data.token} made={make.data} />}
    </Page>
  )
}

/** Makes a token, and remembers whom the fleet had before: whoever else appears has joined by it. */
function useMake(fleet: string, seconds: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      const devices = await client.fetchQuery({ ...devicesOf(fleet), staleTime: 0 })
      const body = { 'valid-seconds': seconds }
      const made = await call('createEnrolmentToken', { params: { fleet }, body })
      return { ...made, before: devices.map(({ id }) => id) }
    },
  })
}
