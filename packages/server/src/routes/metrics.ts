import { readMetrics } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import { type Handle, sent } from '../http/handle.ts'

/** Figures for whoever watches the server. */
export function handleMetrics(handle: Handle, house: House): void {
  handle(readMetrics, async ({ reply }) => {
    const { type, text } = await house.metrics.render(house)
    reply.header('cache-control', 'no-store').type(type).send(text)
    return sent
  })
}
