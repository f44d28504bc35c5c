import { Button, CopyButton, Group } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import type { ReactNode } from 'react'

/** A line to paste into a terminal, with a button that copies it. */
export function CopyLine({ line }: { line: string }): ReactNode {
  return (
    <Group gap="sm" align="flex-start">
      <div className="log" style={{ flex: '1 1 300px', maxHeight: 'none' }}>
        <pre>{line}</pre>
      </div>
      <CopyButton value={line}>
        {({ copied, copy }) => (
          <Button
            onClick={copy}
            variant={copied ? 'default' : 'filled'}
            leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          >
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
    </Group>
  )
}
