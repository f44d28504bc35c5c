import { Stack, Text } from '@mantine/core'
import type { DecisionView, GrantView } from '@steadfleet/protocol'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { consequenceOf, type GrantPlace, type Word, whomItHits, wordLabels } from '../grants.ts'
import { Confirm } from '../parts/confirm.tsx'
import { devicesOf } from '../queries.ts'

interface SayGrantProps {
  readonly grant: GrantView
  readonly decisions: readonly DecisionView[]
  readonly place: GrantPlace
  readonly word: Word
  onClose(): void
}

/** Says a word about an interface of a package, after telling whom it hits and what comes of it. */
export function SayGrant(props: SayGrantProps): ReactNode {
  const { grant, decisions, place, word, onClose } = props
  const say = useSay(props)
  const { data: devices = [] } = useQuery(devicesOf(place.fleet))
  const own = decisions.filter(
    one =>
      one.scope === 'device' && one.package === grant.package && one.interface === grant.interface,
  )
  const others = own.map(({ target }) => devices.find(({ id }) => id === target)?.name ?? target)
  return (
    <Confirm
      opened
      title={`${wordLabels[word]} ${grant.interface} of ${grant.package}`}
      deed={wordLabels[word]}
      isGrave={word === 'never' || word === 'refused'}
      isBusy={say.isPending}
      error={say.error}
      onConfirm={() => say.mutate()}
      onClose={onClose}
    >
      <Stack gap="sm">
        <Text size="sm">{consequenceOf(grant, word)}</Text>
        {word === 'granted' && <Text size="sm">An app that was taken over {grant.danger}.</Text>}
        <Text size="sm">It hits {whomItHits(place, word, others)}.</Text>
      </Stack>
    </Confirm>
  )
}

function useSay({ grant, place, word, onClose }: SayGrantProps) {
  const client = useQueryClient()
  const [publisher = '', name = ''] = grant.package.split('/')
  const { fleet, device } = place
  const target = device
    ? ({ scope: 'device', target: device.id } as const)
    : ({ scope: 'fleet', target: fleet } as const)
  const params = { fleet, publisher, name, interface: grant.interface, ...target }
  return useMutation({
    mutationFn: async (): Promise<unknown> =>
      word === 'forgotten'
        ? call('forgetGrant', { params })
        : call('decideGrant', { params, body: { verdict: word, revision: grant.revision } }),
    onSuccess: async () => {
      onClose()
      for (const topic of ['settings', 'rollouts', 'device', 'devices'])
        await client.invalidateQueries({ queryKey: [topic] })
    },
  })
}
