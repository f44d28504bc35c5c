import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

/** A way to a port that counts every byte that goes over it, both ways, headers and all. */
export interface Wire {
  readonly origin: string
  readonly count: () => number
  readonly close: () => void
}

/** Opens a wire to the port. */
export async function openWire(port: number): Promise<Wire> {
  let bytes = 0
  const server = createServer(near => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', chunk => {
        bytes += chunk.length
      })
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, count: () => bytes, close: () => server.close() }
}
