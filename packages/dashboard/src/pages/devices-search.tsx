import { Group, SegmentedControl, Select, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useFleet } from '../fleet.ts'
import { toSentence } from '../format/text.ts'
import { groupsOf } from '../queries.ts'
import { type DeviceSearch, presences } from '../search.ts'

interface DeviceSearchBarProps {
  readonly search: DeviceSearch
  onSearch(search: DeviceSearch): void
}

/** The ways to find a device: by text, by presence, by group where there are groups. */
export function DeviceSearchBar({ search, onSearch }: DeviceSearchBarProps): ReactNode {
  const { fleet } = useFleet()
  const { data: groups = [] } = useQuery(groupsOf(fleet.name))
  return (
    <Group gap="sm">
      <TextInput
        type="search"
        aria-label="Search devices"
        placeholder="Search devices"
        leftSection={<IconSearch size={16} />}
        value={search.text}
        onChange={event => onSearch({ ...search, text: event.currentTarget.value })}
        style={{ flex: '1 1 220px' }}
      />
      {groups.length > 0 && (
        <Select
          aria-label="Group"
          placeholder="Any group"
          data={groups.map(({ name }) => name)}
          value={search.group?.name ?? null}
          onChange={name =>
            onSearch({ ...search, group: groups.find(group => group.name === name) })
          }
          clearable
          w={170}
        />
      )}
      <SegmentedControl
        aria-label="Presence"
        data={presences.map(value => ({ value, label: toSentence(value) }))}
        value={search.presence}
        onChange={presence => onSearch({ ...search, presence })}
      />
    </Group>
  )
}
