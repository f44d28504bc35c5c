import { DigestSchema, object } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { DigestList, EnvelopeView, RoleFiles } from '../views.ts'

/** Content is named by digest and signed elsewhere, so any cache may carry it and anyone may ask. */
export const getObject = route({
  method: 'GET',
  path: '/v1/objects/:digest',
  needs: 'anyone',
  summary: 'One object, as it is. Honours Range.',
  params: object({ digest: DigestSchema }),
  reply: 'bytes',
})

export const getBundle = route({
  method: 'GET',
  path: '/v1/bundles/:tree',
  needs: 'anyone',
  summary: 'A bundle of a tree: all its objects, or with `from` those that tree `from` lacks.',
  params: object({ tree: DigestSchema }),
  query: object({ from: Type.Optional(DigestSchema) }),
  reply: 'bytes',
})

export const getDelta = route({
  method: 'GET',
  path: '/v1/deltas/:from/:tree',
  needs: 'anyone',
  summary:
    'A delta that makes a tree of an older one, where one is kept that is smaller than the bundle. Waits a little for one that is being made.',
  params: object({ from: DigestSchema, tree: DigestSchema }),
  reply: 'bytes',
})

export const getCatalogueFile = route({
  method: 'GET',
  path: '/v1/catalogue/:file',
  needs: 'anyone',
  summary:
    'A file of the server’s own first catalogue, for any TUF client: 2.root.json, timestamp.json.',
  params: object({ file: Type.String({ pattern: '^[a-z0-9.-]{1,100}\\.json$' }) }),
  reply: 'bytes',
})

export const getOwnerRoot = route({
  method: 'GET',
  path: '/v1/owner/roots/:version',
  needs: 'anyone',
  summary: 'One version of the owner root, as signed.',
  params: object({ version: Type.String({ pattern: '^[1-9][0-9]{0,8}$' }) }),
  reply: EnvelopeView,
})

export const getPolicy = route({
  method: 'GET',
  path: '/v1/owner/policy',
  needs: 'anyone',
  summary: 'The trust policy in force, as signed.',
  reply: EnvelopeView,
})

export const missingObjects = route({
  method: 'POST',
  path: '/v1/objects/missing',
  needs: 'release:publish',
  isNoAct: true,
  summary: 'Of these objects, the ones the server does not hold.',
  body: object({ digests: DigestList }),
  reply: object({ missing: DigestList }),
})

export const uploadOffset = route({
  method: 'GET',
  path: '/v1/uploads/:digest',
  needs: 'release:publish',
  summary: 'How many bytes of an upload have arrived; it goes on from there.',
  params: object({ digest: DigestSchema }),
  reply: object({ offset: Type.Integer({ minimum: 0 }), complete: Type.Boolean() }),
})

export const uploadPart = route({
  method: 'PATCH',
  path: '/v1/uploads/:digest',
  needs: 'release:publish',
  isNoAct: true,
  summary: 'More bytes of a bundle. When all have arrived its objects are checked and stored.',
  params: object({ digest: DigestSchema }),
  query: object({
    offset: Type.Integer({ minimum: 0 }),
    length: Type.Integer({ minimum: 1, description: 'Of the whole bundle.' }),
  }),
  body: 'bytes',
  reply: object({ offset: Type.Integer({ minimum: 0 }), complete: Type.Boolean() }),
})

export const publishRole = route({
  method: 'PUT',
  path: '/v1/catalogue/roles/:role',
  needs: 'release:publish',
  summary:
    'Publish a newer, signed version of a publisher’s role; its new targets become releases.',
  params: object({ role: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }) }),
  body: 'bytes',
  reply: object({
    version: Type.Integer(),
    published: Type.Array(Type.String()),
    /** In force, and shown and ordered as soon as the log’s witnesses have cosigned. */
    waiting: Type.Array(Type.String()),
  }),
})

export const publishFiles = route({
  method: 'PUT',
  path: '/v1/catalogue/roles/:role/files',
  needs: 'release:publish',
  summary:
    'Publish newer, signed versions of a publisher’s role and of bins of it, all or none; new targets become releases.',
  params: object({ role: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }) }),
  body: RoleFiles,
  reply: publishRole.reply,
})

export const agentFile = route({
  method: 'GET',
  path: '/v1/agent/:file',
  needs: 'anyone',
  summary: 'The one-file agent, its runtime and its rescuer, for a machine that joins.',
  params: object({
    file: Type.String({
      pattern: '^(steadfleet-agent\\.mjs|rescuer\\.sh|node-linux-(x64|arm64))$',
    }),
  }),
  reply: 'bytes',
})
