import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isCoded } from '@steadfleet/base'
import { type MudFile, type MudReading, readMud } from '@steadfleet/confine/mud'
import type { ConfiguredDevice, GatewayConfig } from './config.ts'
import { GatewayError } from './error.ts'
import { fetchFile } from './fetch.ts'
import { checkSignature } from './signature.ts'

/** The file of a device, and until when it need not be asked for again. */
export interface HeldFile extends MudReading {
  /** Why it is not the newest: the copy of an earlier day stands in. */
  readonly stale?: string
  readonly freshUntil: number
}

/** Where files come from, and where copies of them are kept. */
export interface FilePlaces {
  /** The folder that paths of the configuration are relative to. */
  readonly home: string
  /** The gateway’s own folder. */
  readonly state: string
  readonly now: () => Date
}

const mostBytes = 4 * 1024 * 1024
const hour = 3_600_000

/** The MUD file of a device. Errors: `gateway/file`, `gateway/rolled-back`, `confine/…`, `json/…`. */
export function readFileOf(
  device: ConfiguredDevice,
  config: GatewayConfig,
  places: FilePlaces,
): Promise<HeldFile> {
  return /^[a-z]+:\/\//i.test(device.mud)
    ? fetchedFile(device, config, places)
    : ownFile(device, config, places)
}

async function ownFile(
  { mud, signature }: ConfiguredDevice,
  config: GatewayConfig,
  places: FilePlaces,
): Promise<HeldFile> {
  const path = resolve(places.home, mud)
  const bytes = await readBounded(path)
  const signed = resolve(places.home, signature ?? mud.replace(/(\.json)?$/, '.p7s'))
  await checkAgainst(config, places, path, signed)
  return { ...readMud(bytes), freshUntil: Number.POSITIVE_INFINITY }
}

async function checkAgainst(
  { signers, 'unsigned-files': unsigned = 'refuse' }: GatewayConfig,
  { home, now }: FilePlaces,
  file: string,
  signature: string,
): Promise<void> {
  if (signers === undefined) return
  const isThere = await stat(signature).then(
    () => true,
    () => false,
  )
  if (!isThere && unsigned === 'take') return
  await checkSignature({ file, signature }, resolve(home, signers), now())
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    await using handle = await open(path)
    const found = await handle.stat()
    if (!found.isFile())
      throw new GatewayError('gateway/file', `cannot read ${path}: it is no file`)
    if (found.size > mostBytes) {
      const message = `cannot read ${path}: it has ${found.size} bytes, more than ${mostBytes}`
      throw new GatewayError('gateway/file', message)
    }
    return new Uint8Array(await handle.readFile())
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause
    const why = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw new GatewayError('gateway/file', `cannot read ${path}: ${why}`, {}, { cause })
  }
}

/** The newest of its URL; where that is not to be had, or must not be had, the copy that was. */
async function fetchedFile(
  device: ConfiguredDevice,
  config: GatewayConfig,
  places: FilePlaces,
): Promise<HeldFile> {
  const stem = createHash('sha256').update(device.mud).digest('hex').slice(0, 32)
  const kept = join(places.state, 'files', `${stem}.json`)
  await mkdir(dirname(kept), { recursive: true, mode: 0o700 })
  const held = await readFile(kept).then(readMud, () => undefined)
  const now = places.now().getTime()
  try {
    const reading = await fetchInto(kept, held?.file, device, config, places)
    return { ...reading, freshUntil: now + reading.file.cacheHours * hour }
  } catch (error) {
    if (!held || !isCoded(error)) throw error
    return { ...held, stale: error.message, freshUntil: now + hour / 12 }
  }
}

async function fetchInto(
  kept: string,
  held: MudFile | undefined,
  device: ConfiguredDevice,
  config: GatewayConfig,
  places: FilePlaces,
): Promise<MudReading> {
  const authorities =
    config.authorities && (await readFile(resolve(places.home, config.authorities), 'utf8'))
  const bytes = await fetchFile(device.mud, 'application/mud+json, application/json', authorities)
  const reading = readMud(bytes)
  refuseOtherMaker(device.mud, reading.file)
  refuseOlder(reading.file, held)
  const next = { file: `${kept}.new`, signature: `${kept}.p7s.new` }
  try {
    await writeFile(next.file, bytes)
    const place = device.signature ?? reading.file.signature
    if (config.signers !== undefined && place !== undefined) {
      refuseElsewhere(device.mud, place)
      const type = 'application/pkcs7-signature'
      await writeFile(next.signature, await fetchFile(place, type, authorities))
    }
    await checkAgainst(config, places, next.file, next.signature)
    await rename(next.file, kept)
  } finally {
    await rm(next.signature, { force: true })
    await rm(next.file, { force: true })
  }
  return reading
}

/** A file speaks for the maker whose server it is on: only so `same-manufacturer` means anything. RFC 8520 §8 */
function refuseOtherMaker(url: string, { url: said }: MudFile): void {
  if (new URL(url).host === new URL(said).host) return
  const message = `cannot take the file of ${new URL(url).host}: it says that it is one of ${new URL(said).host}`
  throw new GatewayError('gateway/file', message)
}

function refuseOlder({ lastUpdate }: MudFile, held: MudFile | undefined): void {
  if (!held || lastUpdate >= held.lastUpdate) return
  const [next, had] = [lastUpdate, held.lastUpdate].map(one => one.toISOString())
  const message = `cannot take the file of ${next}: one of ${had} is held already`
  throw new GatewayError('gateway/rolled-back', message)
}

function refuseElsewhere(url: string, signature: string): void {
  if (URL.canParse(signature) && new URL(signature).host === new URL(url).host) return
  throw new GatewayError(
    'gateway/file',
    'cannot check the file: its signature is on another server',
  )
}
