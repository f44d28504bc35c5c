import { DigestSchema, mapOf, object, PublisherName } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { RoleFiles } from '../views.ts'
import { CatalogueView } from '../views-catalogue.ts'
import { publishFiles } from './content.ts'

/** Base64 of a signed file's exact bytes. */
const File = Type.String({ contentEncoding: 'base64', maxLength: 12_000_000 })
const Key = object({
  keytype: Type.String(),
  scheme: Type.String(),
  keyval: object({ public: Type.String() }),
})
const catalogueFile = Type.String({ pattern: '^[a-z0-9.-]{1,100}\\.json$' })
const params = object({ catalogue: PublisherName })

export const getFileOfCatalogue = route({
  method: 'GET',
  path: '/v1/catalogues/:catalogue/:file',
  needs: 'anyone',
  summary: 'A file of a catalogue, by the name that the owner’s policy has for it.',
  params: object({ catalogue: PublisherName, file: catalogueFile }),
  reply: 'bytes',
})

export const listCatalogues = route({
  method: 'GET',
  path: '/v1/catalogues',
  needs: 'release:read',
  summary: 'Every catalogue that this server serves.',
  reply: Type.Array(CatalogueView),
})

export const makeCatalogueKeys = route({
  method: 'POST',
  path: '/v1/catalogues/:catalogue/keys',
  needs: 'server:administer',
  summary: 'Have the signer make the online keys of a new catalogue; they are made once.',
  params,
  /** Of a TUF key the public part, as a root file has it. */
  reply: object({ snapshot: Key, timestamp: Key }),
})

export const makeCatalogue = route({
  method: 'PUT',
  path: '/v1/catalogues/:catalogue',
  needs: 'server:administer',
  summary: 'Put a new own catalogue in force: its first root, targets and publishers, signed.',
  params,
  body: object({ root: File, targets: File, roles: mapOf(File) }),
  reply: CatalogueView,
})

export const followCatalogue = route({
  method: 'PUT',
  path: '/v1/catalogues/:catalogue/source',
  needs: 'server:administer',
  summary: 'Mirror another party’s catalogue from now on, and look what is new there now.',
  params,
  body: object({
    origin: Type.String({ pattern: '^https?://[^/\\s]{1,250}$' }),
    /** The name it has there. */
    name: PublisherName,
    root: DigestSchema,
  }),
  reply: CatalogueView,
})

export const publishFilesIn = route({
  method: 'PUT',
  path: '/v1/catalogues/:catalogue/roles/:role/files',
  needs: 'release:publish',
  summary:
    'Publish newer, signed versions of a publisher’s role and of bins of it in this catalogue, all or none.',
  params: object({ catalogue: PublisherName, role: PublisherName }),
  body: RoleFiles,
  reply: publishFiles.reply,
})

export const publishRoleIn = route({
  method: 'PUT',
  path: '/v1/catalogues/:catalogue/roles/:role',
  needs: 'release:publish',
  summary: 'Publish a newer, signed version of a publisher’s role in this catalogue.',
  params: object({ catalogue: PublisherName, role: PublisherName }),
  body: 'bytes',
  reply: object({
    version: Type.Integer(),
    published: Type.Array(Type.String()),
    /** What the log does not hold yet; it is published when it does. */
    waiting: Type.Array(Type.String()),
  }),
})
