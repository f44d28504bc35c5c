import { Button, Group } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { type Format, formats, type Row } from '../exports.ts'
import { ProblemNotice } from './problem-notice.tsx'

interface FilesProps {
  /** Of the file, without its ending; it also says what is in it. */
  readonly name: string
  /** Reads every row that matches from the server, whatever the page shows. */
  readonly read: () => Promise<readonly object[]>
}

/** A table to take along. */
export function Files({ name, read }: FilesProps): ReactNode {
  const save = useMutation({
    mutationFn: async (format: Format) => saveAs(name, format, await read()),
  })
  return (
    <Group gap="xs">
      {save.isError && <ProblemNotice error={save.error} />}
      {(Object.keys(formats) as Format[]).map(format => (
        <Button
          key={format}
          variant="default"
          size="xs"
          leftSection={<IconDownload size={14} />}
          aria-label={`Save ${name} as ${formats[format].word}`}
          loading={save.isPending && save.variables === format}
          onClick={() => save.mutate(format)}
        >
          {formats[format].word}
        </Button>
      ))}
    </Group>
  )
}

function saveAs(name: string, format: Format, rows: readonly object[]): void {
  const { toText, type } = formats[format]
  const url = URL.createObjectURL(new Blob([toText(rows as readonly Row[])], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name}.${format}`
  link.click()
  URL.revokeObjectURL(url)
}
