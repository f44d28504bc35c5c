import { ScrollArea, Table, Text } from '@mantine/core'
import type { RoleView } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { Panel } from '../parts/panel.tsx'
import { RoleAlarm, RoleLife } from '../parts/role-life.tsx'
import { nameOfRole, renewerOf } from '../trust.ts'

/** The roles of the owner and of each catalogue, with how much of their life is over. */
export function TrustRoles({ roles }: { roles: readonly RoleView[] }): ReactNode {
  return (
    <Panel title="Roles" flush>
      <ScrollArea type="auto" viewportProps={{ tabIndex: 0, 'aria-label': 'Roles' }}>
        <Table verticalSpacing="sm" miw={640}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Role</Table.Th>
              <Table.Th>Version</Table.Th>
              <Table.Th>Life</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Renewed by</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {roles.map(role => (
              <RoleRow key={`${role.catalogue}/${role.role}`} role={role} />
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
    </Panel>
  )
}

function RoleRow({ role }: { role: RoleView }): ReactNode {
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Text size="sm" fw={600}>
          {nameOfRole(role)}
        </Text>
        {role.catalogue !== null && (
          <Text size="xs" c="dimmed">
            catalogue {role.catalogue}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{role.version}</Table.Td>
      <Table.Td>
        <RoleLife role={role} />
      </Table.Td>
      <Table.Td>
        <RoleAlarm role={role} />
      </Table.Td>
      <Table.Td>{renewerOf(role)}</Table.Td>
    </Table.Tr>
  )
}
