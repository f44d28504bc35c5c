import type { ServerResponse } from 'node:http'
import { type ServerEvent, toEventText } from '@steadfleet/protocol'
import type { About, Topic } from '../announce.ts'

/** A comment this often keeps a connection from being taken for dead: agents wait 90 seconds, proxies mostly 60. */
const heartbeatMs = 45_000

const slices = 45

/** A reader so far behind is let go; it comes back and asks for everything again. */
const mostBuffered = 256 * 1024

/** Open event streams, by what they listen to. What is sent to nobody is gone: streams only nudge. */
export interface Streams extends Disposable {
  /** Begins a stream on a reply; `onEnd` is called once, however it ends. */
  open(topic: string, raw: ServerResponse, onEnd: () => void): void
  send(topic: string, event: ServerEvent): void
  sendWhere(matches: (topic: string) => boolean, event: ServerEvent): void
  hasWhere(matches: (topic: string) => boolean): boolean
  /** Sends to every topic that begins so. */
  sendAll(prefix: string, event: ServerEvent): void
  has(topic: string): boolean
  /** Where there are other processes: tells them what is announced here. */
  readonly announced?: (topic: Topic, about: About | undefined) => void
}

export function makeStreams(): Streams {
  const listeners = new Map<string, Set<ServerResponse>>()
  const everyone = (): ServerResponse[] => [...listeners.values()].flatMap(set => [...set])
  const heartbeat = makeHeartbeat()

  const forget = (topic: string, raw: ServerResponse): void => {
    const set = listeners.get(topic)
    set?.delete(raw)
    if (set?.size === 0) listeners.delete(topic)
  }

  const sendText = (topic: string, text: string): void => {
    for (const raw of listeners.get(topic) ?? []) {
      raw.write(text)
      if (raw.writableLength > mostBuffered) raw.destroy()
    }
  }
  const send = (topic: string, event: ServerEvent): void => sendText(topic, toEventText(event))

  const sendWhere: Streams['sendWhere'] = (matches, event) => {
    const text = toEventText(event)
    for (const topic of [...listeners.keys()].filter(matches)) sendText(topic, text)
  }

  return {
    send,
    sendWhere,
    hasWhere: matches => listeners.keys().some(matches),
    sendAll: (prefix, event) => sendWhere(topic => topic.startsWith(prefix), event),
    open(topic, raw, onEnd) {
      const set = listeners.get(topic) ?? new Set()
      listeners.set(topic, set.add(raw))
      const leave = heartbeat.join(raw)
      raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      raw.write(': \n\n')
      raw.on('error', () => raw.destroy())
      raw.once('close', () => {
        forget(topic, raw)
        leave()
        onEnd()
      })
    },
    has: topic => listeners.has(topic),
    [Symbol.dispose]() {
      heartbeat[Symbol.dispose]()
      for (const raw of everyone()) raw.end()
    },
  }
}

/** Keeps streams warm, a slice at a time: ten thousand writes at once hold up whoever asks in that moment. */
function makeHeartbeat(): Disposable & { join(raw: ServerResponse): () => void } {
  const beats = Array.from({ length: slices }, () => new Set<ServerResponse>())
  let [beat, joined] = [0, 0]
  const timer = setInterval(() => {
    beat = (beat + 1) % slices
    for (const raw of beats[beat] ?? []) raw.write(': \n\n')
  }, heartbeatMs / slices)
  timer.unref()
  return {
    join(raw) {
      joined += 1
      const slice = beats[joined % slices]?.add(raw)
      return () => void slice?.delete(raw)
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
