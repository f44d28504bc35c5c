import type { ServerResponse } from 'node:http'
import type { DeviceId } from '@steadfleet/domain'
import { watchOutput } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import { type Handle, sent } from '../http/handle.ts'
import { deviceWithId } from '../store/device-store.ts'

/** Whoever looks on longer asks again, which is told again. */
const longestMs = 600_000
/** As much is sent to one who looks on, at most. */
const mostBytes = 8 * 1024 * 1024
/** A device sends for a minute after it was told to. */
const tellMs = 30_000

/** Live output of a device’s apps: told in the audit log, and ended by itself. */
export function handleOutput(handle: Handle, house: House): void {
  handle(watchOutput, async ({ params: { device }, reply, write }) => {
    const { fleet } = await deviceWithId(house.store.db, device)
    await write('noteAct', { act: 'watchOutput', fleet, subject: device, after: null })
    reply.hijack()
    const end = bounded(reply.raw, () => tellToWatch(house, device))
    house.streams.open(`output ${device}`, reply.raw, end)
    tellToWatch(house, device)
    return sent
  })
}

/** Someone wants to see what this device's apps print. */
export function tellToWatch({ streams }: House, device: DeviceId): void {
  streams.send(`device ${device}`, { event: 'output', data: '{}' })
}

/** Ends a stream at its bounds, and asks for more until then; gives what stops both. */
function bounded(raw: ServerResponse, tell: () => void): () => void {
  const before = raw.socket?.bytesWritten ?? 0
  const bytes = setInterval(() => {
    if ((raw.socket?.bytesWritten ?? 0) - before > mostBytes) raw.end()
  }, 1000).unref()
  const telling = setInterval(tell, tellMs).unref()
  const time = setTimeout(() => raw.end(), longestMs).unref()
  return () => {
    clearInterval(bytes)
    clearInterval(telling)
    clearTimeout(time)
  }
}
