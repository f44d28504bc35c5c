import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { isBlockedPort, type ServerSetting, type SettingKind } from '@steadfleet/protocol'

/** Where the server listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** What a text is read by besides itself: its setting, and the folder that a path of it is relative to. */
interface Reading {
  readonly setting: ServerSetting
  readonly folder: string
}

/** One reader for each kind; undefined, or the reason why not, is what a wrong text gets. */
export const readers = {
  path: (text: string, { folder }: Reading) => (text === '' ? undefined : resolve(folder, text)),
  address: toAddress,
  origin: toOrigin,
  number: toNumber,
  database: toDatabase,
  network: toNetwork,
  bucket: toBucket,
  text: (text: string) => text || undefined,
  mail: toMailServer,
  choice: (text: string, { setting }: Reading) =>
    setting.among?.includes(text) ? text : undefined,
} as const satisfies Record<SettingKind, (text: string, reading: Reading) => unknown>

function toAddress(text: string): Address | undefined {
  const [, host, port] = /^(.+):([0-9]{1,5})$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535 || isBlockedPort(Number(port))) return undefined
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}

function toOrigin(text: string): string | undefined {
  const url = URL.parse(text)
  const isOne = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === ''
  if (!isOne || url.username !== '' || isBlockedPort(Number(url.port))) return undefined
  return url.origin
}

function toMailServer(text: string): string | undefined {
  const url = URL.parse(text)
  const isOne = url && /^smtps?:$/.test(url.protocol) && url.hostname !== ''
  return isOne && /^\/?$/.test(url.pathname) ? text : undefined
}

/** In the form that `net.BlockList` takes, as text. */
function toNetwork(text: string): string | undefined {
  const [address = '', bits = ''] = text.split('/')
  const most = { 4: 32, 6: 128 }[isIP(address)]
  return most !== undefined && /^[0-9]{1,3}$/.test(bits) && Number(bits) <= most ? text : undefined
}

function toNumber(text: string, { setting: { within } }: Reading): number | undefined {
  const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
  const [least, most] = within ?? [0, Number.MAX_SAFE_INTEGER]
  return number >= least && number <= most ? number : undefined
}

/** Which bucket, or that there is none: how to reach it is said by other settings. */
export type BucketName = 'files' | { readonly folder: string } | BucketPath
interface BucketPath {
  readonly bucket: string
  readonly prefix: string
}

function toBucket(text: string): BucketName | undefined {
  if (text === 'files') return text
  const url = URL.parse(text)
  if (url?.protocol === 'file:' && url.host === '') return { folder: decodeURI(url.pathname) }
  const [, bucket, path] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9._/-]*))?$/.exec(text) ?? []
  if (bucket === undefined) return undefined
  return { bucket, prefix: path ? `${path.replace(/\/$/, '')}/` : '' }
}

function toDatabase(text: string): string | undefined {
  if (text === 'sqlite') return text
  const url = URL.parse(text)
  return url && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1 ? text : undefined
}
