import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { toDocument } from '@steadfleet/base'
import type { World } from '../world.ts'

/** The longest path a Unix socket can have on Linux, less its end. unix(7) */
export const longestPath = 107

/** Says the agent's state as one line of JSON to whoever on this device may open the socket. */
export async function serveStatus(
  path: string,
  status: () => Promise<object>,
  world: World,
): Promise<Server | undefined> {
  if (Buffer.byteLength(path) > longestPath) {
    world.log({ level: 'warn', message: `cannot serve status at ${path}: the path is too long` })
    return undefined
  }
  await rm(path, { force: true })
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy())
    status().then(
      value => socket.end(Buffer.concat([toDocument(value), Buffer.from('\n')])),
      error => {
        world.log({ level: 'error', message: String(error) })
        socket.destroy()
      },
    )
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(path, resolve)
  await promise
  await chmod(path, 0o600)
  return server
}
