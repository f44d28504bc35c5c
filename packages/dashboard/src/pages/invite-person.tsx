import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core'
import { everyFleet, type Role, roleNames } from '@steadfleet/protocol'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { CopyLine } from '../parts/copy-line.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { fleets, people } from '../queries.ts'

const closing = { 'aria-label': 'Close' }

/** Who is invited, as what, to which fleet. */
interface Invitation {
  readonly name: string
  readonly role: Role
  readonly fleet: string
}

/** Admits somebody in a role, and shows the link with which they come. */
export function InvitePerson({ onClose }: { onClose: () => void }): ReactNode {
  const client = useQueryClient()
  const [form, setForm] = useState<Invitation>({ name: '', role: 'viewer', fleet: everyFleet })
  const { name, role, fleet } = form
  const invite = useMutation({
    mutationFn: () => call('invitePerson', { body: { name, roles: { [fleet]: role } } }),
    onSuccess: () => client.invalidateQueries(people),
  })
  return (
    <Modal opened onClose={onClose} title="Invite somebody" closeButtonProps={closing}>
      {invite.data ? (
        <Invited name={name} token={invite.data.link.token} />
      ) : (
        <form
          onSubmit={event => {
            event.preventDefault()
            invite.mutate()
          }}
        >
          <Stack gap="md">
            {invite.isError && <ProblemNotice error={invite.error} />}
            <Fields form={form} onChange={change => setForm({ ...form, ...change })} />
            <Group justify="flex-end">
              <Button type="submit" loading={invite.isPending}>
                Make the link
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}

interface FieldsProps {
  readonly form: Invitation
  onChange(change: Partial<Invitation>): void
}

function Fields({ form, onChange }: FieldsProps): ReactNode {
  const { data: known = [] } = useQuery(fleets)
  const places = [
    { value: everyFleet, label: 'Every fleet and the server' },
    ...known.map(({ name }) => ({ value: name, label: `Fleet ${name}` })),
  ]
  return (
    <>
      <TextInput
        label="Name"
        description="Small letters, digits, and . @ + -"
        value={form.name}
        onChange={event => onChange({ name: event.currentTarget.value })}
        required
      />
      <Select
        label="Role"
        data={[...roleNames]}
        value={form.role}
        onChange={value => onChange({ role: (value as Role | null) ?? 'viewer' })}
        allowDeselect={false}
      />
      <Select
        label="For"
        data={places}
        value={form.fleet}
        onChange={value => onChange({ fleet: value ?? everyFleet })}
        allowDeselect={false}
      />
    </>
  )
}

function Invited({ name, token }: { name: string; token: string }): ReactNode {
  return (
    <Stack gap="md">
      <Text>Send this link to {name}. It works once, for three days, and is not shown again.</Text>
      <CopyLine line={`${window.location.origin}/#sign-in=${token}`} />
    </Stack>
  )
}
