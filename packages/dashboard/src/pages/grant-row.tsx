import { Button, Group, Stack, Text } from '@mantine/core'
import type { DecisionView, GrantView } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { type GrantPlace, saidAt, standingOf, type Word, wordLabels, wordsFor } from '../grants.ts'
import { Moment } from '../parts/moment.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { requestChangesOf } from '../queries.ts'
import { Asks } from './asks.tsx'
import { SayGrant } from './say-grant.tsx'

interface GrantRowProps {
  readonly grant: GrantView
  readonly decisions: readonly DecisionView[]
  readonly place: GrantPlace
}

const riskTones = { low: 'quiet', medium: 'warn', high: 'bad' } as const

/** What a package asks of one interface, how it stands here, and what may be said of it. */
export function GrantRow({ grant, decisions, place }: GrantRowProps): ReactNode {
  const [asked, setAsked] = useState<Word>()
  const said = saidAt(decisions, grant, place)
  const standing = standingOf(grant)
  return (
    <Stack className="panel-row" gap={8}>
      <Group justify="space-between" gap="xs">
        <Group gap="sm">
          <Text fw={600}>{grant.title}</Text>
          <Text size="sm" className="mono">
            {grant.interface}
          </Text>
          <ToneBadge tone={riskTones[grant.risk]} plain>
            risk {grant.risk}
          </ToneBadge>
          <ToneBadge tone={standing.tone}>{standing.word}</ToneBadge>
        </Group>
        <Group gap="xs">
          {wordsFor(grant, said).map(word => (
            <Button
              key={word}
              size="xs"
              variant="default"
              aria-label={`${wordLabels[word]} ${grant.interface} of ${grant.package}`}
              onClick={() => setAsked(word)}
            >
              {wordLabels[word]}
            </Button>
          ))}
        </Group>
      </Group>
      <Text size="sm">
        Opens {grant.opens}. {standing.means}
      </Text>
      {grant.waits ? <Difference grant={grant} /> : <Members request={grant.request} />}
      {said && <Said said={said} />}
      {asked !== undefined && (
        <SayGrant
          {...{ grant, decisions, place, word: asked }}
          onClose={() => setAsked(undefined)}
        />
      )}
    </Stack>
  )
}

/** What the revision that waits asks for, that the one before did not. */
function Difference({ grant }: { grant: GrantView }): ReactNode {
  const { data } = useQuery(requestChangesOf(grant.package, grant.revision))
  return <Asks opened={grant.interface} reason={grant.request.reason} changes={data ?? []} />
}

function Members({ request }: Pick<GrantView, 'request'>): ReactNode {
  const { interface: _, reason, ...members } = request
  const lines = Object.entries(members).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  return (
    <>
      {reason !== undefined && <Text size="sm">Its publisher says: {reason}</Text>}
      {lines.map(line => (
        <Text key={line} size="xs" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
          {line}
        </Text>
      ))}
    </>
  )
}

function Said({ said }: { said: DecisionView }): ReactNode {
  return (
    <Text size="sm" c="dimmed" component="div">
      {said.by} said {said.verdict}, <Moment at={said.at} />
    </Text>
  )
}
