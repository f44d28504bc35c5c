import type { Streams } from '../http/streams.ts'
import type { Notices } from './notices.ts'

/** What an app prints is watched at the process that takes it in, and too long for a notice. */
const staysHere = /^output /

/** Streams of this process; what is sent to them reaches those of the others too. */
export function shareStreams(streams: Streams, notices: () => Notices): Streams {
  return {
    ...streams,
    send(topic, event) {
      streams.send(topic, event)
      if (!staysHere.test(topic)) notices().tell({ kind: 'topic', topic, event })
    },
    announced: (topic, about) => notices().tell({ kind: 'announced', topic, about }),
    sendAll(prefix, event) {
      streams.sendAll(prefix, event)
      notices().tell({ kind: 'topics', prefix, event })
    },
  }
}
