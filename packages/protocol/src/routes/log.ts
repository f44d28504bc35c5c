import { object } from '@steadfleet/domain'
import { Type } from 'typebox'
import { route } from '../route.ts'
import { LogShard, LogView } from '../views-log.ts'

const tilePath = Type.String({
  pattern: '^([0-9]|[1-5][0-9]|6[0-3]|entries)/(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?$',
  maxLength: 60,
})
const shard = Type.String({ pattern: '^[1-9][0-9]{0,3}$' })

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
  params: object({ path: tilePath }),
  reply: 'bytes',
})

export const listLogShards = route({
  method: 'GET',
  path: '/v1/logs',
  needs: 'anyone',
  summary:
    'Every shard of the log, closed ones too: each is a log of its own below /v1/logs/SHARD/.',
  reply: Type.Array(LogShard),
})

export const getShardCheckpoint = route({
  method: 'GET',
  path: '/v1/logs/:shard/checkpoint',
  needs: 'anyone',
  summary: 'The newest checkpoint of one shard; of a closed one its last.',
  params: object({ shard }),
  reply: 'bytes',
})

export const getShardTile = route({
  method: 'GET',
  path: '/v1/logs/:shard/tile/*path',
  needs: 'anyone',
  summary: 'A tile of hashes, or a bundle of entries, of one shard.',
  params: object({ shard, path: tilePath }),
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
