import { backOff } from '@steadfleet/engine'
import { type Client, deviceEvents, readEvents } from '@steadfleet/protocol'
import { asCoded } from '../error.ts'
import type { World } from '../world.ts'

export interface StreamOptions {
  readonly client: Client
  readonly world: World
  readonly stop: AbortSignal
  /** The stream is there, or said something: look now. */
  readonly onEvent: (event: string) => void
}

const retry = { first: 1000, longest: 300_000 }

/** Holds one stream open for as long as the agent lives. What it says is never believed, only heard. */
export async function streamForever({
  client,
  world,
  stop,
  onEvent,
}: StreamOptions): Promise<never> {
  for (let failures = 0; ; ) {
    try {
      const headers = { accept: 'text/event-stream' }
      const { body } = await client.open(deviceEvents, { headers, signal: stop })
      failures = 0
      onEvent('open')
      for await (const { event } of readEvents(body)) onEvent(event)
    } catch (error) {
      stop.throwIfAborted()
      const { message, code } = asCoded(error)
      world.log({ level: 'info', message, code })
    }
    failures += 1
    await world.sleep(backOff(retry, failures, world.random()), stop)
  }
}
