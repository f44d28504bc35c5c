import { Group, SegmentedControl, Select, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useFleet } from '../fleet.ts'
import { toSentence } from '../format/text.ts'
import { groupsOf } from '../queries.ts'
import { type Choice, choices, type DeviceSearch } from '../search.ts'

interface DeviceSearchBarProps {
  readonly search: DeviceSearch
  onSearch(search: DeviceSearch): void
  readonly aside: ReactNode
}

/** The ways to find devices: by words, by a query, by group where there are groups. */
export function DeviceSearchBar({ search, onSearch, aside }: DeviceSearchBarProps): ReactNode {
  const { fleet } = useFleet()
  const { data: groups = [] } = useQuery(groupsOf(fleet.name))
  return (
    <Group gap="sm">
      <TextInput
        type="search"
        aria-label="Search devices"
        placeholder="Search devices"
        leftSection={<IconSearch size={16} />}
        value={search.words}
        onChange={event => onSearch({ ...search, words: event.currentTarget.value })}
        style={{ flex: '1 1 200px' }}
      />
      <TextInput
        aria-label="Query"
        placeholder={'Query, as labels.site == "north" && !silent'}
        value={search.query}
        onChange={event => onSearch({ ...search, query: event.currentTarget.value })}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        style={{ flex: '2 1 260px' }}
      />
      {groups.length > 0 && (
        <Select
          aria-label="Group"
          placeholder="Any group"
          data={groups.map(({ name }) => name)}
          value={search.group || null}
          onChange={name => onSearch({ ...search, group: name ?? '' })}
          clearable
          w={170}
        />
      )}
      <SegmentedControl
        aria-label="Show"
        data={Object.keys(choices).map(value => ({ value, label: toSentence(value) }))}
        value={search.choice}
        onChange={value => onSearch({ ...search, choice: value as Choice })}
      />
      {aside}
    </Group>
  )
}
