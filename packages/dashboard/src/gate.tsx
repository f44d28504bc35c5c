import { Center, Container, Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { call } from './api.ts'
import type { Coming } from './coming.ts'
import { SignInPage } from './pages/sign-in.tsx'
import { ProblemNotice } from './parts/problem-notice.tsx'
import { isSignedOut } from './problem.ts'
import { session } from './queries.ts'

interface GateProps {
  readonly coming: Coming | undefined
  readonly children: ReactNode
}

/** Lets in who is signed in; first trades, once, what its visitor came with. */
export function Gate({ coming, children }: GateProps): ReactNode {
  const refusal = useTrade(coming)
  const who = useQuery({ ...session, enabled: refusal !== 'pending' })
  if (refusal === 'pending' || who.isPending) return <Waiting />
  if (isSignedOut(who.error)) return <SignInPage refusal={refusal} />
  if (who.isError)
    return (
      <Container size={640} py={80}>
        <ProblemNotice error={who.error} onRetry={() => void who.refetch()} />
      </Container>
    )
  return (
    <>
      {refusal !== undefined && (
        <Container size={640} py="md">
          <ProblemNotice error={refusal} />
        </Container>
      )}
      {children}
    </>
  )
}

/** The trade under way, then nothing or what was said against it. All of these are good for one trade. */
const trades = new Map<Coming, Promise<unknown>>()

function useTrade(coming: Coming | undefined): unknown {
  const [refusal, setRefusal] = useState<unknown>(coming === undefined ? undefined : 'pending')
  useEffect(() => {
    if (coming === undefined) return
    const under = trades.get(coming) ?? trade(coming)
    trades.set(coming, under)
    under.then(() => setRefusal(undefined), setRefusal)
  }, [coming])
  return refusal
}

function trade(coming: Coming): Promise<unknown> {
  if (coming.by === 'link') return call('signIn', { body: { token: coming.token } })
  const { by, answer } = coming
  return call(by === 'connecting' ? 'addSignOn' : 'signInBySignOn', { body: { answer } })
}

function Waiting(): ReactNode {
  return (
    <Center h="100vh">
      <Loader size="sm" aria-label="Loading" />
    </Center>
  )
}
