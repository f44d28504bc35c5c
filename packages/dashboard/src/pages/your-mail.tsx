import { Button, Checkbox, Stack, Text, TextInput } from '@mantine/core'
import type { NoticeKind } from '@steadfleet/domain'
import type { MailChoiceView } from '@steadfleet/protocol'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { noticeNames } from '../notices.ts'
import { Asked } from '../parts/asked.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { mailChoice } from '../queries.ts'

/** What one is told by mail. */
export function YourMail(): ReactNode {
  const asked = useQuery(mailChoice)
  return (
    <Panel title="Mail">
      <Asked of={asked}>
        {choice =>
          choice.isPossible ? (
            <Choice choice={choice} />
          ) : (
            <Text size="sm" c="dimmed">
              This server has not been told how to send mail. Whoever runs it sets <code>smtp</code>{' '}
              and <code>mail-from</code> in its configuration.
            </Text>
          )
        }
      </Asked>
    </Panel>
  )
}

function Choice({ choice }: { choice: MailChoiceView }): ReactNode {
  const client = useQueryClient()
  const [address, setAddress] = useState(choice.address)
  const [kinds, setKinds] = useState<string[]>([...choice.kinds])
  const choose = useMutation({
    mutationFn: () => call('chooseMail', { body: { address, kinds: kinds as NoticeKind[] } }),
    onSuccess: () => client.invalidateQueries(mailChoice),
  })
  return (
    <Stack gap="md" align="flex-start">
      <Text size="sm" c="dimmed">
        What comes within a minute is one mail, and between two mails are ten minutes. Choose
        nothing to have none.
      </Text>
      {choice.said !== '' && <Text size="sm">The last mail could not be sent: {choice.said}</Text>}
      <TextInput
        label="Address"
        type="email"
        value={address}
        onChange={event => setAddress(event.currentTarget.value)}
        w="100%"
        maw={360}
      />
      <Checkbox.Group label="Tell me when" value={kinds} onChange={setKinds}>
        <Stack gap={8} mt={8}>
          {Object.entries(noticeNames).map(([kind, name]) => (
            <Checkbox key={kind} value={kind} label={name} />
          ))}
        </Stack>
      </Checkbox.Group>
      {choose.isError && <ProblemNotice error={choose.error} />}
      <Button variant="default" loading={choose.isPending} onClick={() => choose.mutate()}>
        Save what is mailed
      </Button>
    </Stack>
  )
}
