import { Text } from '@mantine/core'
import type { SettingValue, SettingValues } from '@steadfleet/domain'
import { toSettingText } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { toCount, toList } from '../format/text.ts'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { previewOf, type SettingPlace } from '../queries.ts'

const mostNamed = 5

interface SettingsPreviewProps {
  readonly place: SettingPlace
  readonly values: SettingValues
}

function changeText(key: string, before: SettingValue = '', after: SettingValue = ''): string {
  return `${key} ${toSettingText(before)} → ${toSettingText(after)}`
}

/** Whom a change that was typed and not ordered yet would concern, and how. */
export function SettingsPreview({ place, values }: SettingsPreviewProps): ReactNode {
  const asked = useQuery(previewOf(place, values))
  if (asked.isError) return <ProblemNotice error={asked.error} />
  if (!asked.data) return null
  const { devices, first } = asked.data
  if (devices === 0) return <Text size="sm">No device would see a change.</Text>
  const named = first.slice(0, mostNamed).map(({ name, before, after }) => {
    const changes = Object.keys(after).filter(key => before[key] !== after[key])
    return `${name} (${toList(changes.map(key => changeText(key, before[key], after[key])))})`
  })
  const more = devices - named.length
  return (
    <Text size="sm">
      {toCount(devices, 'device')} would see a change:{' '}
      {toList([...named, ...(more > 0 ? [`${more} more`] : [])])}.
    </Text>
  )
}
