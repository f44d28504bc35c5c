import { NavLink, Stack } from '@mantine/core'
import type { Permission } from '@steadfleet/protocol'
import {
  type Icon,
  IconAlertTriangle,
  IconCpu,
  IconEyeCheck,
  IconHistory,
  IconLayoutDashboard,
  IconLockAccess,
  IconPackage,
  IconPlus,
  IconRoute,
  IconShieldLock,
  IconSignature,
  IconUsers,
  IconUsersGroup,
} from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'react-router'
import { session } from '../queries.ts'
import { mayOnServer } from '../roles.ts'

/** Each page, and what one must hold on the server to see it at all. */
const places: readonly (readonly [to: string, label: string, icon: Icon, needs?: Permission])[] = [
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
  ['/people', 'People', IconUsers, 'people:read'],
  ['/audit', 'Audit log', IconHistory, 'audit:read'],
  ['/enrol', 'Enrol a device', IconPlus],
]

/** The way to every page. */
export function Navigation({ onGo }: { onGo: () => void }): ReactNode {
  const { pathname } = useLocation()
  const { data } = useQuery(session)
  const seen = places.filter(
    ([, , , needs]) => needs === undefined || (data && mayOnServer(data.roles, needs)),
  )
  return (
    <Stack gap={2} component="nav" aria-label="Pages">
      {seen.map(([to, label, Glyph]) => {
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
