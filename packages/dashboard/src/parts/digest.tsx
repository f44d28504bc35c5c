import { ActionIcon, CopyButton, Group, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { toShortDigest } from '../format/text.ts'

interface DigestProps {
  readonly value: string
  /** What the digest names, for the copy button: "tree". */
  readonly of: string
}

/** A digest, shortened, with all of it one click away. */
export function Digest({ value, of }: DigestProps): ReactNode {
  return <Copyable value={value} shown={toShortDigest(value)} of={`digest of the ${of}`} />
}

/** A text of the machine's own, with a button that copies all of it. */
export function Copyable({ value, shown, of }: DigestProps & { shown: string }): ReactNode {
  return (
    <Group gap={2} wrap="nowrap" component="span" display="inline-flex">
      <Tooltip label={value} disabled={shown === value}>
        <span className="mono">{shown}</span>
      </Tooltip>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={copied ? 'Copied' : `Copy the ${of}`}
            onClick={copy}
          >
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        )}
      </CopyButton>
    </Group>
  )
}
