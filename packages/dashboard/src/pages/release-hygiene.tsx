import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { HygieneFinding } from '@steadfleet/domain'
import type { ReleaseView } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { toCount } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { hygieneOf } from '../queries.ts'

const tones = { severe: 'bad', warning: 'warn', note: 'quiet' } as const

/** The way to what was found in the tree of a release that is better not shipped. */
export function ReleaseHygiene({ release }: { release: ReleaseView }): ReactNode {
  const [opened, { open, close }] = useDisclosure()
  if (release.hygiene === undefined) return 'not recorded'
  const what = `${release.package} revision ${release.revision} for ${release.architecture}`
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`Look at the hygiene of ${what}`}
        onClick={open}
      >
        Look
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={`Hygiene of ${what}`}
        centered
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {opened && <Findings digest={release.hygiene.digest} />}
      </Modal>
    </>
  )
}

function Findings({ digest }: { digest: string }): ReactNode {
  return (
    <Asked of={useQuery(hygieneOf(digest))}>
      {({ findings }) => {
        const notes = findings.filter(({ severity }) => severity === 'note').length
        const weighty = findings.filter(({ severity }) => severity !== 'note')
        return (
          <Stack gap="sm">
            {weighty.map(one => (
              <Found key={`${one.path}/${one.finding}`} found={one} />
            ))}
            <Text size="sm" c="dimmed">
              {weighty.length === 0 && 'Nothing was found that should not be shipped. '}
              {notes > 0 && `${toCount(notes, 'note')} besides.`}
            </Text>
          </Stack>
        )
      }}
    </Asked>
  )
}

function Found({ found }: { found: HygieneFinding }): ReactNode {
  const { finding, path, severity, words, accepted } = found
  return (
    <Stack gap={2}>
      <Group gap="xs">
        <ToneBadge tone={accepted === undefined ? tones[severity] : 'quiet'} plain>
          {accepted === undefined ? severity : 'accepted'}
        </ToneBadge>
        <Text size="sm" className="mono" style={{ overflowWrap: 'anywhere' }}>
          {path}
        </Text>
      </Group>
      <Text size="sm">
        {finding}: {words}
        {accepted !== undefined && `. Accepted by its publisher: ${accepted}`}
      </Text>
    </Stack>
  )
}
