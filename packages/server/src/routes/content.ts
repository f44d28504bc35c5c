import { join } from 'node:path'
import { mediaType } from '@steadfleet/bundle'
import {
  agentFile,
  getBundle,
  getCatalogueFile,
  getDelta,
  getObject,
  getOwnerRoot,
  getPolicy,
  missingObjects,
  putPolicy,
  uploadOffset,
  uploadPart,
} from '@steadfleet/protocol'
import { unknown } from '../error.ts'
import type { House } from '../house.ts'
import { type Handle, sent } from '../http/handle.ts'
import { sendFile, sendReplaced } from '../http/send-file.ts'
import { toEnvelopeView } from '../views/envelope.ts'
import { applyOwnerStep } from './ceremony.ts'

/** Signed files and content named by digest: what anyone may fetch, and what publishers send. */
export function handleContent(handle: Handle, house: House): void {
  handleFetching(handle, house)
  handlePublishing(handle, house)
  handleOwner(handle, house)
}

function handleFetching(handle: Handle, { content, deltas, folder, files }: House): void {
  handle(getObject, async ({ params, reply }) => {
    const { folder: root, pathOf } = content.objects
    const { digest } = params
    await content.objects.here(digest)
    await sendFile(reply, { root, path: pathOf(digest), etag: digest, what: `object ${digest}` })
    return sent
  })

  handle(getBundle, async ({ params, query, reply }) => {
    const path = await content.bundleFile(params.tree, query.from)
    reply.type(mediaType)
    await sendFile(reply, { root: content.bundlesFolder, path, etag: path, what: 'bundle' })
    return sent
  })

  handle(getDelta, async ({ params, reply }) => {
    const path = await deltas.file(params.from, params.tree)
    if (path === undefined) throw unknown('content/unknown', 'such a delta')
    reply.type(mediaType)
    // Another maker makes other bytes of the same trees, so its name is no tag of it.
    await sendFile(reply, { root: deltas.folder, path, what: 'delta' })
    return sent
  })

  handle(getCatalogueFile, async ({ params, reply }) => {
    const root = join(folder, 'catalogue')
    reply.type('application/json; charset=utf-8')
    await sendReplaced(reply, { root, path: params.file, what: `catalogue file ${params.file}` })
    return sent
  })

  handle(agentFile, async ({ params, reply }) => {
    const path = new Map([
      ['steadfleet-agent.mjs', files.agent],
      ['rescuer.sh', files.rescuer],
      ['node-linux-x64', files.node],
    ]).get(params.file)
    if (path === undefined) throw unknown('content/unknown', params.file)
    await sendFile(reply, { root: '/', path: path.slice(1), what: params.file })
    return sent
  })
}

function handlePublishing(handle: Handle, house: House): void {
  const { content } = house

  handle(missingObjects, async ({ body }) => {
    const lengths = await Promise.all(body.digests.map(content.objects.lengthOf))
    return { missing: body.digests.filter((_, i) => lengths[i] === undefined) }
  })

  handle(uploadOffset, async ({ params }) => content.uploads.stateOf(params.digest))

  handle(uploadPart, async ({ params, query, body }) =>
    content.uploads.add(params.digest, { ...query, bytes: body }),
  )
}

function handleOwner(handle: Handle, house: House): void {
  const { owner } = house

  handle(getOwnerRoot, async ({ params }) => {
    const found = owner.rootAt(Number(params.version))
    if (found) return toEnvelopeView(found)
    throw unknown('content/unknown', `owner root ${params.version}`)
  })

  handle(getPolicy, async () => toEnvelopeView(owner.policy().envelope))

  handle(putPolicy, async ({ body }) => {
    await applyOwnerStep(house, { policy: body })
    return { version: owner.policy().signed.version }
  })
}
