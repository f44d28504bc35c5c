import { Select } from '@mantine/core'
import type { ReactNode } from 'react'
import { useFleet } from '../fleet.ts'

/** The way to another fleet, where there is more than one. */
export function FleetChoice(): ReactNode {
  const { fleet, fleets, choose } = useFleet()
  if (fleets.length < 2) return null
  return (
    <Select
      aria-label="Fleet"
      data={fleets.map(({ name }) => name)}
      value={fleet.name}
      onChange={name => name && choose(name)}
      allowDeselect={false}
      w={180}
    />
  )
}
