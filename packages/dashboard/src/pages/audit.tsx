import { Anchor, Button, Group, TextInput } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { addressOf } from '../api.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { auditPages } from '../queries.ts'
import { AuditRow } from './audit-row.tsx'

const filters = [
  ['act', 'Act'],
  ['by', 'By'],
  ['subject', 'Of'],
] as const

/** Who did what, newest first, page by page; and the whole of it as a file. */
export function AuditPage(): ReactNode {
  const [search, setSearch] = useSearchParams()
  const query = Object.fromEntries(
    filters.flatMap(([name]) => (search.get(name) ? [[name, search.get(name) ?? '']] : [])),
  )
  const asked = useInfiniteQuery(auditPages(query))
  const choose = (name: string, value: string): void => {
    const next = new URLSearchParams(search)
    if (value === '') next.delete(name)
    else next.set(name, value)
    setSearch(next, { replace: true })
  }
  return (
    <Page
      title="Audit log"
      lead="Who did what, from where, and what was before and after it. It is only added to."
      actions={<Files query={query} />}
    >
      <Group gap="sm">
        {filters.map(([name, label]) => (
          <TextInput
            key={name}
            label={label}
            value={search.get(name) ?? ''}
            onChange={event => choose(name, event.currentTarget.value)}
          />
        ))}
      </Group>
      <Asked of={asked}>
        {({ pages }) => (
          <Panel flush>
            {pages.flat().map(entry => (
              <AuditRow key={entry.sequence} entry={entry} />
            ))}
            {pages.flat().length === 0 && (
              <Empty icon={IconHistory} title="Nothing was done that this asks for">
                Leave a field empty to ask for everything.
              </Empty>
            )}
          </Panel>
        )}
      </Asked>
      {asked.hasNextPage && (
        <Group justify="center">
          <Button
            variant="default"
            loading={asked.isFetchingNextPage}
            onClick={() => void asked.fetchNextPage()}
          >
            Show earlier ones
          </Button>
        </Group>
      )}
    </Page>
  )
}

function Files({ query }: { query: Readonly<Record<string, string>> }): ReactNode {
  return (
    <Group gap="md">
      {(['csv', 'jsonl'] as const).map(format => (
        <Anchor
          key={format}
          size="sm"
          href={addressOf('exportAudit', { query: { ...query, format } })}
          download={`audit.${format}`}
        >
          {format === 'csv' ? 'CSV' : 'JSON lines'}
        </Anchor>
      ))}
    </Group>
  )
}
