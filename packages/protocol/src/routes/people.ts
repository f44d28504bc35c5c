import { object, Timestamp } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { RolesByFleet } from '../views-people.ts'

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
  summary: 'End this session.',
  reply: 'nothing',
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
  reply: object({ token: Type.String(), expiresAt: Timestamp }),
})
