import type { IncomingMessage, ServerResponse } from 'node:http'
import type { House } from './house.ts'
import { makeApp } from './http/app.ts'
import type { Streams } from './http/streams.ts'
import { type HouseOptions, openHouse } from './open-house.ts'

/** A process that answers requests. */
export interface Answering extends AsyncDisposable {
  answer(request: IncomingMessage, reply: ServerResponse): void
  /** To be called once it is known where. */
  listensAt(origin: string): Promise<void>
  readonly streams: Streams
}

/** A process that does all that its server does. */
export interface Alone extends Answering {
  readonly house: House
}

/** One process alone. */
export async function serveAlone(options: HouseOptions): Promise<Alone> {
  const opened = await openHouse(options)
  const app = await makeApp(opened.house, options.logger, options.trustedProxies)
  return {
    house: opened.house,
    answer: (request, reply) => app.routing(request, reply),
    listensAt: async () => undefined,
    streams: opened.house.streams,
    async [Symbol.asyncDispose]() {
      await app.close()
      await opened[Symbol.asyncDispose]()
    },
  }
}
