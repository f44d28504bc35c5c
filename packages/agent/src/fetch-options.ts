import { wrongUsage } from './error.ts'
import type { FetchOptions } from './parts.ts'

/** Command line options that say from where else, how fast and how much is fetched. */
export const fetchFlags = {
  mirror: { type: 'string', multiple: true },
  peer: { type: 'string', multiple: true },
  'serve-objects': { type: 'string' },
  bandwidth: { type: 'string' },
  'store-limit': { type: 'string' },
} as const

type Given = { readonly [Flag in keyof typeof fetchFlags]?: string | readonly string[] | undefined }

/** A slower line than this would be taken for a server that trickles. */
const slowest = 8192

/** Reads these options; `agent/usage` says which is none. */
export function parseFetchOptions(given: Given): FetchOptions {
  const bytesPerSecond = bytesOf('--bandwidth', given.bandwidth)
  if (bytesPerSecond > 0 && bytesPerSecond < slowest) {
    throw wrongUsage(`--bandwidth ${bytesPerSecond} is less than ${slowest} bytes a second`)
  }
  return {
    mirrors: originsOf('--mirror', given.mirror),
    peers: originsOf('--peer', given.peer),
    bytesPerSecond,
    storeLimit: bytesOf('--store-limit', given['store-limit']),
    serve: addressOf(given['serve-objects']),
  }
}

function originsOf(flag: string, values: string | readonly string[] = []): string[] {
  return [values].flat().map(value => {
    const url = URL.parse(value)
    const isOrigin = url !== null && /^https?:$/.test(url.protocol) && !url.username
    if (isOrigin && url.pathname === '/' && !url.search && !url.hash) return url.origin
    const shown = value.replace(/^(.*:\/\/)?.*@/, '$1…@')
    throw wrongUsage(`${flag} ${shown} is no origin, such as http://192.168.1.20:7180`)
  })
}

function bytesOf(flag: string, value: string | readonly string[] | undefined): number {
  if (value === undefined) return 0
  const [, number = '', unit = ''] = /^([1-9]\d{0,11})([kMG]?)$/.exec(String(value)) ?? []
  if (number === '') throw wrongUsage(`${flag} ${value} is no number of bytes, such as 500k or 2G`)
  return Number(number) * (units[unit] ?? 1)
}

const units: Readonly<Record<string, number>> = { k: 1000, M: 1_000_000, G: 1_000_000_000 }

function addressOf(value: string | readonly string[] | undefined): FetchOptions['serve'] {
  if (value === undefined) return undefined
  const [, host = '', port = ''] =
    /^([^\s:]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(String(value)) ?? []
  if (host !== '' && Number(port) <= 65_535) {
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  }
  throw wrongUsage(`--serve-objects ${value} is no HOST:PORT`)
}
