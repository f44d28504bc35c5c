import { Center, Container, Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { call } from './api.ts'
import { SignInPage } from './pages/sign-in.tsx'
import { ProblemNotice } from './parts/problem-notice.tsx'
import { isSignedOut } from './problem.ts'
import { session } from './queries.ts'

interface GateProps {
  readonly token: string | undefined
  readonly children: ReactNode
}

/** Lets in who is signed in; first trades the token of a sign-in link, once, for a session. */
export function Gate({ token, children }: GateProps): ReactNode {
  const refusal = useTrade(token)
  const who = useQuery({ ...session, enabled: refusal !== 'pending' })
  if (refusal === 'pending' || who.isPending) return <Waiting />
  if (isSignedOut(who.error)) return <SignInPage refusal={refusal} />
  if (who.isError)
    return (
      <Container size={640} py={80}>
        <ProblemNotice error={who.error} onRetry={() => void who.refetch()} />
      </Container>
    )
  return children
}

/** The trade under way, then nothing or what was said against it. A token is good for one trade. */
const trades = new Map<string, Promise<unknown>>()

function useTrade(token: string | undefined): unknown {
  const [refusal, setRefusal] = useState<unknown>(token === undefined ? undefined : 'pending')
  useEffect(() => {
    if (token === undefined) return
    const trade = trades.get(token) ?? call('signIn', { body: { token } })
    trades.set(token, trade)
    trade.then(() => setRefusal(undefined), setRefusal)
  }, [token])
  return refusal
}

function Waiting(): ReactNode {
  return (
    <Center h="100vh">
      <Loader size="sm" aria-label="Loading" />
    </Center>
  )
}
