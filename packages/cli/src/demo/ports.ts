import type { Ground } from './ground.ts'

/** All devices on the machine's own network, each app on a port of its own. */
export function portGround(firstPort: number): Ground {
  return {
    about: `devices share this machine's network; their apps have ports ${firstPort + 1} to ${firstPort + 3}`,
    serverHost: '127.0.0.1',
    place: number => ({
      wrap: command => command,
      host: '127.0.0.1',
      port: firstPort + number,
      settings: { port: firstPort + number },
    }),
    open: async () => undefined,
    close: async () => undefined,
  }
}
