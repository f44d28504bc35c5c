import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBase64 } from '@steadfleet/base'
import { parseMud } from '@steadfleet/confine/mud'
import { getMudFile, publishMudFile } from '@steadfleet/protocol'
import { ifThere, writeDurably } from '../disk/durable.ts'
import { ServerError, unknown } from '../error.ts'
import type { House } from '../house.ts'
import { type Handle, sent } from '../http/handle.ts'

/** Media types of a file and of its signature. RFC 8520 §15.4, RFC 8551 §3.2.1 */
const mediaTypes = { json: 'application/mud+json', p7s: 'application/pkcs7-signature' } as const

/** MUD files of device models: signed elsewhere, kept here as they are. */
export function handleMud(handle: Handle, { folder }: House): void {
  handle(getMudFile, async ({ params: { publisher, name, file }, reply }) => {
    const path = join(publisher, name, file)
    const bytes = await ifThere(readFile(join(folder, 'mud', path)))
    if (!bytes) throw unknown('content/unknown', `MUD file ${path}`)
    const type = mediaTypes[file.endsWith('.json') ? 'json' : 'p7s']
    reply.type(type).header('cache-control', 'no-cache').send(bytes)
    return sent
  })

  handle(publishMudFile, async ({ params: { publisher, name, revision }, body }) => {
    const stem = `${publisher}/${name}/${revision}`
    const [file, signature] = [fromBase64(body.file), fromBase64(body.signature)]
    refuseElsewhere(file, `/v1/mud/${stem}.json`)
    const path = join(folder, 'mud', stem)
    await refuseOther(`${path}.json`, file, stem)
    // The signature first: a file that is there is never without one.
    await writeDurably(`${path}.p7s`, signature)
    await writeDurably(`${path}.json`, file)
  })
}

/** A file is where it says that it is, or gateways would not take it. Errors: `confine/mud`, `mud/elsewhere` */
function refuseElsewhere(bytes: Uint8Array, path: string): void {
  const { file } = parseMud(bytes)
  if (new URL(file.url).pathname === path) return
  const message = `cannot publish the MUD file at ${path}: it says that it is at ${file.url}`
  throw new ServerError('mud/elsewhere', message, { path, url: file.url })
}

/** A revision’s file is one for good; the same one may be signed anew, when its signer’s certificate ends. */
async function refuseOther(path: string, bytes: Uint8Array, stem: string): Promise<void> {
  const held = await ifThere(readFile(path))
  if (!held || held.equals(bytes)) return
  const message = `cannot publish MUD file ${stem}: another one is there; publish the next revision`
  throw new ServerError('mud/exists', message, { file: stem })
}
