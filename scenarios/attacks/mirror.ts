import type { Digest } from '../../packages/base/src/index.ts'
import type { Envelope } from '../../packages/trust/src/index.ts'
import { type Deed, type Middleman, type Rule, send } from '../proxy.ts'

/** What stands between a device and its server: what of it is absent comes from the server as it is. */
export interface Mirror {
  /** Files of the catalogue. */
  readonly files?: ReadonlyMap<string, Uint8Array>
  readonly objects?: ReadonlyMap<Digest, Uint8Array>
  /** In place of whatever order a check-in brings. */
  readonly order?: Envelope
  /** What else is done, by method and path. */
  readonly rule?: Rule
}

/** Puts it in between; what was on its way before has arrived when this is over. */
export async function mount(proxy: Middleman, mirror: Mirror): Promise<void> {
  proxy.rule = asked => mirror.rule?.(asked) ?? deedOf(mirror, asked)
  await proxy.calm()
}

function deedOf(mirror: Mirror, asked: string): Deed | undefined {
  const { files, objects } = mirror
  const [, folder, name = ''] = /^GET \/v1\/(catalogues\/acme|objects)\/([^/?]+)/.exec(asked) ?? []
  const stored = folder === 'objects' ? objects?.get(name as Digest) : files?.get(name)
  if (stored)
    return ({ reply }) => send(reply, { status: 200, headers: {}, body: Buffer.from(stored) })
  return asked.endsWith('/check-in') ? changed(mirror) : undefined
}

/** Another order, and none of the catalogue's files that the reply brings along: those are asked for. */
function changed({ files, order }: Mirror): Deed {
  return async ({ reply, fetch }) => {
    const whole = await fetch()
    if (whole.status >= 300) return send(reply, whole)
    const said = JSON.parse(whole.body.toString())
    if (files) delete said.catalogues
    const body = Buffer.from(JSON.stringify({ ...said, ...(order && { order }) }))
    send(reply, { ...whole, body })
  }
}
