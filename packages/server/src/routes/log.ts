import { getLog, getLogCheckpoint, getLogProof, getLogTile } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import { type Handle, sent } from '../http/handle.ts'
import { sendFile } from '../http/send-file.ts'

/** The transparency log: its static files, the proof of a leaf, and how it stands. */
export function handleLog(handle: Handle, { log }: House): void {
  const root = log.folder

  handle(getLogCheckpoint, async ({ reply }) => {
    reply.type('text/plain; charset=utf-8')
    await sendFile(reply, { root, path: 'checkpoint', what: 'a published checkpoint' })
    return sent
  })

  handle(getLogTile, async ({ params, reply }) => {
    reply.type('application/octet-stream')
    const path = `tile/${params.path}`
    await sendFile(reply, { root, path, what: `log file ${path}` })
    return sent
  })

  handle(getLogProof, async ({ params, query, reply }) => {
    reply.type('text/plain; charset=utf-8')
    reply.send(await log.prove(params.leaf, query.held ?? 0))
    return sent
  })

  handle(getLog, async () => log.view())
}
