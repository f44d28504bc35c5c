import { object, PublisherName } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { EnvelopeView, PublicKeyView, RoleName, RoleView } from '../views.ts'

/** Base64 of a signed file's exact bytes. */
const File = Type.String({ contentEncoding: 'base64', maxLength: 12_000_000 })

export const listRoles = route({
  method: 'GET',
  path: '/v1/roles',
  needs: 'fleet:read',
  isAcrossFleets: true,
  summary: 'Every role that signs for this fleet: version, expiry, how much of its life is over.',
  reply: Type.Array(RoleView),
})

/** Next versions of a catalogue's offline documents, and the versions in force after them. */
const step = object({
  root: Type.Optional(File),
  targets: Type.Optional(File),
  roles: Type.Optional(Type.Array(object({ name: RoleName, file: File }))),
})
const inForce = object({
  root: Type.Integer(),
  targets: Type.Integer(),
  snapshot: Type.Integer(),
})

export const applyCatalogue = route({
  method: 'PUT',
  path: '/v1/catalogue',
  needs: 'server:administer',
  summary:
    'Put a next root, next targets and next roles of publishers in force, signed offline; all or none.',
  body: step,
  reply: inForce,
})

export const applyCatalogueIn = route({
  method: 'PUT',
  path: '/v1/catalogues/:catalogue/step',
  needs: 'server:administer',
  summary:
    'Put next versions of an own catalogue’s root, targets and roles in force, signed offline; all or none.',
  params: object({ catalogue: PublisherName }),
  body: step,
  reply: inForce,
})

export const applyOwner = route({
  method: 'PUT',
  path: '/v1/owner',
  needs: 'server:administer',
  summary:
    'Put a next owner root, a next policy or both in force, signed offline; all or none. A new director signs every order anew.',
  body: object({ root: Type.Optional(EnvelopeView), policy: Type.Optional(EnvelopeView) }),
  reply: object({ root: Type.Integer(), policy: Type.Integer() }),
})

export const makeOnlineKey = route({
  method: 'POST',
  path: '/v1/signer/keys/:role',
  needs: 'server:administer',
  summary:
    'Make a new key in the signer that waits to take over a role; it signs once a root names it.',
  params: object({ role: Type.String({ pattern: '^(snapshot|timestamp|director)$' }) }),
  reply: object({ key: PublicKeyView }),
})

export const makeOnlineKeyIn = route({
  method: 'POST',
  path: '/v1/catalogues/:catalogue/keys/:role',
  needs: 'server:administer',
  summary:
    'Make a new key in the signer that waits to take over a role of an own catalogue; it signs once a root names it.',
  params: object({
    catalogue: PublisherName,
    role: Type.String({ pattern: '^(snapshot|timestamp)$' }),
  }),
  reply: object({ key: PublicKeyView }),
})
