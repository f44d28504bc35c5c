import { Center, Code, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { Brand } from '../parts/brand.tsx'
import { CopyLine } from '../parts/copy-line.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { SignInWays } from './sign-in-ways.tsx'

/** For who is not signed in: how to get a link. `refusal` is why the link they came by did not do. */
export function SignInPage({ refusal }: { refusal: unknown }): ReactNode {
  return (
    <Center mih="100vh" p="md" component="main">
      <title>Sign in · Steadfleet</title>
      <Stack gap="lg" maw={520} w="100%">
        <Brand />
        {refusal !== undefined && <ProblemNotice error={refusal} />}
        <div className="panel">
          <Stack className="panel-body" gap="md">
            <div>
              <Title order={1} size={22}>
                Sign in
              </Title>
              <Text c="dimmed" mt={4}>
                There is no password.
              </Text>
            </div>
            <SignInWays />
            <Text c="dimmed" size="sm">
              Without either: a machine that holds a key of the server makes a link, which is good
              once. On that machine, run:
            </Text>
            <CopyLine line="npx steadfleet sign-in" />
            <Text c="dimmed" size="sm">
              Then open the link it prints. After <Code>npm start</Code>, the terminal shows one
              too.
            </Text>
          </Stack>
        </div>
      </Stack>
    </Center>
  )
}
