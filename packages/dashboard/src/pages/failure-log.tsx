import { Text } from '@mantine/core'
import type { Failure } from '@steadfleet/domain'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { LogLines } from '../parts/log-lines.tsx'
import { endOf } from '../timeline.ts'

interface FailureLogProps {
  readonly failure: Failure
  /** What stands above it, so that the same sentence is not said twice. */
  readonly said: string | undefined
}

/** Why something failed, how its process ended, and what the app said last. */
export function FailureLog({ failure, said }: FailureLogProps): ReactNode {
  const { reason, app, log } = failure
  const end = endOf(failure)
  const parts = [
    reason === said ? undefined : toSentence(reason),
    end && `${app ?? failure.package} ended with ${end}`,
  ].filter(part => part !== undefined && part !== '')
  return (
    <>
      {parts.length > 0 && <Text size="sm">{parts.join(' · ')}</Text>}
      <LogLines lines={log} label={`Last lines of ${app ?? failure.package}`} />
    </>
  )
}
