import { once } from 'node:events'
import { setInterval as every } from 'node:timers/promises'
import type { Deed } from '../proxy.ts'
import { attack, type Row, type Scene } from './attack.ts'
import { published } from './forge.ts'
import { mount } from './mirror.ts'
import { revisions } from './prepared.ts'

/** Longer than the window over which a device measures, which is half a minute. */
const tooLong = 40

/** What is asked for comes a byte a second, and would be whole at last. */
function slow(what: string, pathIn: (scene: Scene) => RegExp): Row {
  const longest = new Map<string, number>()
  return {
    attack: `slow retrieval of ${what}, a byte a second`,
    code: /^trust\/slow-retrieval$/,
    without: {
      file: 'packages/agent/src/server/http.ts',
      before: 'isStream(request) ? () => undefined : paceCheck(pace)',
      after: '(_: number) => undefined',
    },
    strike: async scene => {
      const { siege, device } = scene
      const path = pathIn(scene)
      const trickle = trickling(sent => {
        longest.set(device.name, Math.max(sent, longest.get(device.name) ?? 0))
      })
      await mount(device.proxy, {
        files: new Map(),
        rule: asked => (path.test(asked) ? trickle : undefined),
      })
      await device.order(revisions.next)
      if (device.name === 'defended') return
      const isSlow = () => (longest.get(device.name) ?? 0) >= tooLong / 2 || undefined
      await siege.until('the trickle', isSlow)
    },
    isWon: ({ device }) => (longest.get(device.name) ?? 0) >= tooLong,
  }
}

/** Tells after each byte how many one reply has had. */
function trickling(tell: (sent: number) => void): Deed {
  return async ({ reply, fetch }) => {
    const { status, headers, body } = await fetch()
    reply.writeHead(status, { ...headers, 'content-length': body.length })
    const end = new AbortController()
    reply.once('close', () => end.abort())
    let sent = 0
    try {
      for await (const _ of every(1000, undefined, { signal: end.signal })) {
        if (!reply.write(body.subarray(sent, sent + 1))) await once(reply, 'drain', end)
        sent += 1
        tell(sent)
        if (sent === body.length) break
      }
      reply.end()
    } catch (error) {
      if (!end.signal.aborted) throw error
    }
  }
}

attack(
  slow('the timestamp', () => /\/timestamp\.json$/),
  slow('an object', ({ vault }) => {
    const { tree } = published(vault, revisions.next).record
    return new RegExp(`/objects/${tree.digest}$`)
  }),
)
