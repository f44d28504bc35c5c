import { join } from 'node:path'
import {
  getLog,
  getLogCheckpoint,
  getLogProof,
  getLogTile,
  getShardCheckpoint,
  getShardTile,
  listLogShards,
} from '@steadfleet/protocol'
import type { FastifyReply } from 'fastify'
import type { House } from '../house.ts'
import { type Handle, sent } from '../http/handle.ts'
import { sendFile, sendReplaced } from '../http/send-file.ts'
import { shardFolder } from '../log/shards.ts'

/** The transparency log: its static files, the proof of a leaf, and how it stands. */
export function handleLog(handle: Handle, house: House): void {
  const { log } = house
  handleFiles(handle, house)

  handle(listLogShards, () => log.shards())

  handle(getLogProof, async ({ params, query, reply }) => {
    reply.type('text/plain; charset=utf-8')
    reply.send(await log.prove(params.leaf, query.held ?? 0))
    return sent
  })

  handle(getLog, async () => log.view())
}

/** As C2SP tlog-tiles names them: below /v1/log/ those of the open shard, below /v1/logs/SHARD/ of each. */
function handleFiles(handle: Handle, { log, folder }: House): void {
  const inShard = (shard: string): string => join(folder, shardFolder(Number(shard)))

  handle(getLogCheckpoint, ({ reply }) => sendCheckpoint(reply, log.folder))
  handle(getLogTile, ({ params, reply }) => sendTile(reply, log.folder, params.path))
  handle(getShardCheckpoint, ({ params, reply }) => sendCheckpoint(reply, inShard(params.shard)))
  handle(getShardTile, ({ params, reply }) => sendTile(reply, inShard(params.shard), params.path))
}

async function sendCheckpoint(reply: FastifyReply, root: string): Promise<typeof sent> {
  reply.type('text/plain; charset=utf-8')
  await sendReplaced(reply, { root, path: 'checkpoint', what: 'a published checkpoint' })
  return sent
}

async function sendTile(reply: FastifyReply, root: string, path: string): Promise<typeof sent> {
  reply.type('application/octet-stream')
  await sendFile(reply, { root, path: `tile/${path}`, what: `log file tile/${path}` })
  return sent
}
