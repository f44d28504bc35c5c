import { NavLink, Stack } from '@mantine/core'
import {
  type Icon,
  IconAlertTriangle,
  IconCpu,
  IconEyeCheck,
  IconLayoutDashboard,
  IconLockAccess,
  IconPackage,
  IconPlus,
  IconRoute,
  IconShieldLock,
  IconSignature,
  IconUsersGroup,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'react-router'

const places: readonly (readonly [to: string, label: string, icon: Icon])[] = [
  ['/', 'Overview', IconLayoutDashboard],
  ['/devices', 'Devices', IconCpu],
  ['/releases', 'Releases', IconPackage],
  ['/rollouts', 'Rollouts', IconRoute],
  ['/grants', 'Grants', IconLockAccess],
  ['/reviews', 'Reviews', IconEyeCheck],
  ['/failures', 'Failures', IconAlertTriangle],
  ['/security', 'Security events', IconShieldLock],
  ['/trust', 'Trust', IconSignature],
  ['/fleet', 'Fleet', IconUsersGroup],
  ['/enrol', 'Enrol a device', IconPlus],
]

/** The way to every page. */
export function Navigation({ onGo }: { onGo: () => void }): ReactNode {
  const { pathname } = useLocation()
  return (
    <Stack gap={2} component="nav" aria-label="Pages">
      {places.map(([to, label, Glyph]) => {
        const isHere = to === '/' ? pathname === '/' : pathname.startsWith(to)
        return (
          <NavLink
            key={to}
            component={Link}
            to={to}
            label={label}
            className="side-link"
            active={isHere}
            aria-current={isHere ? 'page' : undefined}
            leftSection={<Glyph size={18} stroke={1.8} />}
            onClick={onGo}
          />
        )
      })}
    </Stack>
  )
}
