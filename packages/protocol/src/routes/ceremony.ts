import { Type } from 'typebox'
import { route } from '../route.ts'
import { RoleView } from '../views.ts'

export const listRoles = route({
  method: 'GET',
  path: '/v1/roles',
  needs: 'fleet:read',
  summary: 'Every role that signs for this fleet: version, expiry, how much of its life is over.',
  reply: Type.Array(RoleView),
})
