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

export function mount(proxy: Middleman, mirror: Mirror): void {
  proxy.rule = asked => mirror.rule?.(asked) ?? deedOf(mirror, asked)
}

function deedOf({ files, objects, order }: Mirror, asked: string): Deed | undefined {
  const [, folder, name = ''] = /^GET \/v1\/(catalogues\/acme|objects)\/([^/?]+)/.exec(asked) ?? []
  const stored = folder === 'objects' ? objects?.get(name as Digest) : files?.get(name)
  if (stored)
    return ({ reply }) => send(reply, { status: 200, headers: {}, body: Buffer.from(stored) })
  if (order && asked.endsWith('/check-in')) return replaced(order)
  return undefined
}

function replaced(order: Envelope): Deed {
  return async ({ reply, fetch }) => {
    const whole = await fetch()
    if (whole.status >= 300) return send(reply, whole)
    const body = Buffer.from(JSON.stringify({ ...JSON.parse(whole.body.toString()), order }))
    send(reply, { ...whole, body })
  }
}
