import { Button, Group, Modal, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { ProblemNotice } from './problem-notice.tsx'

interface ConfirmProps {
  readonly opened: boolean
  readonly title: string
  /** The deed, as the button says it. */
  readonly deed: string
  readonly isGrave?: boolean
  readonly isBusy: boolean
  readonly error: unknown
  onConfirm(): void
  onClose(): void
  readonly children: ReactNode
}

const closing = { 'aria-label': 'Close' }

/** Asks before a deed, saying whom it hits. */
export function Confirm(props: ConfirmProps): ReactNode {
  const { opened, title, deed, isGrave, isBusy, error, onConfirm, onClose, children } = props
  return (
    <Modal opened={opened} onClose={onClose} title={title} centered closeButtonProps={closing}>
      <Stack gap="md">
        <div>{children}</div>
        {error !== null && error !== undefined && <ProblemNotice error={error} />}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            Keep as it is
          </Button>
          <Button
            color={isGrave ? 'red.9' : 'harbour'}
            loading={isBusy}
            onClick={onConfirm}
            data-autofocus
          >
            {deed}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
