import { MantineProvider } from '@mantine/core'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { BrowserRouter } from 'react-router'
import type { Coming } from './coming.ts'
import { Gate } from './gate.tsx'
import { Pages } from './pages.tsx'
import { isSignedOut, mayPass } from './problem.ts'
import { session } from './queries.ts'
import { theme, variables } from './theme.ts'

/** The stream says what is stale, so nothing is asked for again merely because time passed. */
const client: QueryClient = new QueryClient({
  // A session that is over shows as the sign-in page, not as a problem of each part of a page.
  queryCache: new QueryCache({
    onError: (error, { queryKey: [topic] }) => {
      if (topic !== 'session' && isSignedOut(error)) void client.invalidateQueries(session)
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      retry: (count, error) => count < 2 && mayPass(error),
    },
  },
})

/** The whole dashboard; `coming` is with what its visitor comes, where that is more than an address. */
export function App({ coming }: { coming: Coming | undefined }): ReactNode {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <BrowserRouter>
          <Gate coming={coming}>
            <Pages />
          </Gate>
        </BrowserRouter>
      </QueryClientProvider>
    </MantineProvider>
  )
}
