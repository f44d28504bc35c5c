import { FleetName, object, oneOf } from '@steadfleet/domain'
import { Type } from 'typebox'
import { roleNames } from '../permissions.ts'
import { route } from '../route.ts'
import {
  LinkView,
  MachineView,
  PersonName,
  PersonView,
  RolesByFleet,
  SessionView,
} from '../views-people.ts'

export const signIn = route({
  method: 'POST',
  path: '/v1/sign-in',
  needs: 'anyone',
  summary: 'Trade a one-time sign-in token for a session cookie.',
  body: object({ token: Type.String({ minLength: 20, maxLength: 200 }) }),
  reply: object({ name: Type.String() }),
})

export const signOut = route({
  method: 'POST',
  path: '/v1/sign-out',
  needs: 'anyone',
  summary: 'End this session; `next` is where the provider ends its own, where it began there.',
  reply: object({ next: Type.Union([Type.String(), Type.Null()]) }),
})

export const whoAmI = route({
  method: 'GET',
  path: '/v1/session',
  needs: 'signed-in',
  summary: 'Who is signed in, and the server they look at.',
  reply: object({
    name: Type.String(),
    /** What they are, by fleet; under `*` for every fleet and the server. */
    roles: RolesByFleet,
    owner: Type.String(),
    log: Type.String(),
    version: Type.String(),
  }),
})

export const createSignInLink = route({
  method: 'POST',
  path: '/v1/sign-in-links',
  needs: 'server:administer',
  summary: 'Make a one-time token with which a browser signs in.',
  reply: LinkView,
})

const person = { person: Type.String({ maxLength: 60 }) }

export const listPeople = route({
  method: 'GET',
  path: '/v1/people',
  needs: 'people:read',
  summary: 'Who may sign in, and what they are to which fleet.',
  reply: Type.Array(PersonView),
})

export const invitePerson = route({
  method: 'POST',
  path: '/v1/people',
  needs: 'people:write',
  summary: 'Admit a person, and make the one-time link with which they come.',
  body: object({ name: PersonName, roles: RolesByFleet }),
  reply: object({ person: PersonView, link: LinkView }),
})

export const setRoles = route({
  method: 'PUT',
  path: '/v1/people/:person/roles',
  needs: 'people:write',
  summary: 'Say what a person is to which fleet; it counts from their next request on.',
  params: object(person),
  body: object({ roles: RolesByFleet }),
  reply: PersonView,
})

export const createPersonLink = route({
  method: 'POST',
  path: '/v1/people/:person/link',
  needs: 'people:write',
  summary: 'Make another one-time link for a person who has lost every other way in.',
  params: object(person),
  reply: LinkView,
})

export const removePerson = route({
  method: 'DELETE',
  path: '/v1/people/:person',
  needs: 'people:write',
  summary: 'Forget a person: sessions, passkeys, codes and links end. What they did stays told.',
  params: object(person),
  reply: 'nothing',
})

export const listSessionsOf = route({
  method: 'GET',
  path: '/v1/people/:person/sessions',
  needs: 'people:read',
  summary: 'The sessions that a person has open.',
  params: object(person),
  reply: Type.Array(SessionView),
})

export const endSessionsOf = route({
  method: 'DELETE',
  path: '/v1/people/:person/sessions',
  needs: 'people:write',
  summary: 'End every session of a person.',
  params: object(person),
  reply: 'nothing',
})

export const listSessions = route({
  method: 'GET',
  path: '/v1/sessions',
  needs: 'signed-in',
  summary: 'One’s own sessions.',
  reply: Type.Array(SessionView),
})

export const endOwnSession = route({
  method: 'DELETE',
  path: '/v1/sessions/:session',
  needs: 'signed-in',
  summary: 'End one of one’s own sessions.',
  params: object({ session: Type.String({ maxLength: 60 }) }),
  reply: 'nothing',
})

export const listMachines = route({
  method: 'GET',
  path: '/v1/machines',
  needs: 'people:read',
  summary: 'Tokens of machines: in which role, until when, by whom.',
  reply: Type.Array(MachineView),
})

export const addMachine = route({
  method: 'POST',
  path: '/v1/machines',
  needs: 'people:write',
  summary: 'Make a token for a machine, in one role, for 90 days at most; it is shown once.',
  body: object({
    name: PersonName,
    role: oneOf(...roleNames),
    fleet: Type.Optional(FleetName),
    days: Type.Integer({ minimum: 1, maximum: 90 }),
  }),
  reply: object({ machine: MachineView, token: Type.String() }),
})

export const removeMachine = route({
  method: 'DELETE',
  path: '/v1/machines/:machine',
  needs: 'people:write',
  summary: 'End the token of a machine.',
  params: object({ machine: Type.String({ maxLength: 60 }) }),
  reply: 'nothing',
})
