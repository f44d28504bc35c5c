import { object } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { LogView } from '../views-log.ts'

/** The log's files are what C2SP tlog-tiles names, below /v1/log/: any monitor may read them. */
export const getLogCheckpoint = route({
  method: 'GET',
  path: '/v1/log/checkpoint',
  needs: 'anyone',
  summary: 'The newest checkpoint that was published, with its cosignatures.',
  reply: 'bytes',
})

export const getLogTile = route({
  method: 'GET',
  path: '/v1/log/tile/*path',
  needs: 'anyone',
  summary: 'A tile of hashes, or a bundle of entries: 0/x001/067, entries/000.p/5.',
  params: object({
    path: Type.String({
      pattern: '^([0-9]|[1-5][0-9]|6[0-3]|entries)/(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?$',
      maxLength: 60,
    }),
  }),
  reply: 'bytes',
})

export const getLogProof = route({
  method: 'GET',
  path: '/v1/log/proofs/:leaf',
  needs: 'anyone',
  summary:
    'The proof that the log holds a leaf, by its hash, for one who holds a tree of `held` leaves.',
  params: object({ leaf: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
  query: object({ held: Type.Optional(Type.Integer({ minimum: 0 })) }),
  reply: 'bytes',
})

export const getLog = route({
  method: 'GET',
  path: '/v1/log',
  needs: 'release:read',
  summary: 'How far the log has been signed and published, and what it waits for.',
  reply: LogView,
})
