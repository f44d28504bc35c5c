import { Button, Group, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { PersonView } from '@steadfleet/protocol'
import { IconPlus, IconUsers } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { toCount } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Files } from '../parts/files.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { people, session } from '../queries.ts'
import { inWords, mayOnServer } from '../roles.ts'
import { InvitePerson } from './invite-person.tsx'
import { RemovePerson } from './remove-person.tsx'

/** Who may sign in, as what; and the way to let somebody in or keep them out. */
export function PeoplePage(): ReactNode {
  const asked = useQuery(people)
  const { data } = useQuery(session)
  const [opened, { open, close }] = useDisclosure()
  const [removing, setRemoving] = useState<PersonView>()
  const mayChange = data !== undefined && mayOnServer(data.roles, 'people:write')
  const invite = (
    <Button leftSection={<IconPlus size={16} />} onClick={open}>
      Invite somebody
    </Button>
  )
  return (
    <Page
      title="People"
      lead="Who may sign in, and what they are to which fleet."
      actions={
        <>
          <Files name="people" read={() => call('listPeople', {})} />
          {mayChange && invite}
        </>
      }
    >
      <Panel flush>
        <Asked of={asked}>
          {all => (
            <>
              {all.map(one => (
                <PersonRow key={one.id} person={one} onRemove={mayChange ? setRemoving : null} />
              ))}
              {all.length === 0 && (
                <Empty icon={IconUsers} title="Nobody has signed in yet">
                  A person is here once a link was made for them.
                </Empty>
              )}
            </>
          )}
        </Asked>
      </Panel>
      {opened && <InvitePerson onClose={close} />}
      {removing && <RemovePerson person={removing} onClose={() => setRemoving(undefined)} />}
    </Page>
  )
}

interface PersonRowProps {
  readonly person: PersonView
  readonly onRemove: ((person: PersonView) => void) | null
}

function PersonRow({ person, onRemove }: PersonRowProps): ReactNode {
  const { name, roles, passkeys, sessions } = person
  return (
    <Group className="panel-row" justify="space-between" gap="sm">
      <Stack gap={2}>
        <Text fw={600}>{name}</Text>
        <Text size="sm" c="dimmed">
          {[
            inWords(roles) || 'no role',
            toCount(passkeys, 'passkey'),
            toCount(sessions, 'session'),
          ].join(' · ')}
        </Text>
      </Stack>
      {onRemove && (
        <Button
          variant="default"
          size="xs"
          aria-label={`Remove ${name}`}
          onClick={() => onRemove(person)}
        >
          Remove
        </Button>
      )}
    </Group>
  )
}
