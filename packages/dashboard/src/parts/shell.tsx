import { AppShell, Burger, Container, Group } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type ReactNode, Suspense } from 'react'
import { Outlet } from 'react-router'
import { useLive } from '../live.ts'
import { Brand } from './brand.tsx'
import { FleetGate } from './fleet-gate.tsx'
import { Navigation } from './navigation.tsx'
import { SideFoot } from './side-foot.tsx'

/** The frame of every page: the way around at the side, on a phone behind a button. */
export function Shell(): ReactNode {
  const [opened, { toggle, close }] = useDisclosure()
  const live = useLive()
  return (
    <AppShell
      header={{ height: { base: 56, sm: 0 } }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
    >
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <AppShell.Header className="side" hiddenFrom="sm">
        <Group h="100%" px="md" justify="space-between">
          <Brand />
          <Burger opened={opened} onClick={toggle} size="sm" aria-label="Pages" />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className="side" p="md">
        <AppShell.Section visibleFrom="sm" mb="lg" px={6} pt={4}>
          <Brand />
        </AppShell.Section>
        <AppShell.Section grow>
          <Navigation onGo={close} />
        </AppShell.Section>
        <SideFoot live={live} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} style={{ outline: 'none' }}>
        <Container size={1120} px={{ base: 'md', sm: 'xl' }} py={{ base: 'lg', sm: 32 }}>
          <FleetGate>
            <Suspense>
              <Outlet />
            </Suspense>
          </FleetGate>
        </Container>
      </AppShell.Main>
    </AppShell>
  )
}
