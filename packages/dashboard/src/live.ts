import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { addressOf } from './api.ts'

/** Whether the page hears of changes as they happen. */
export type Live = 'connecting' | 'live' | 'away'

/** A stream that the server ends for good (a restart, a session that is over) is asked for again. */
const retryMs = 3000
/** Changes come in bursts; what a burst touches is asked for once. */
const gatherMs = 150

/** Follows the server's event stream: each topic it names is asked for again. */
export function useLive(): Live {
  const client = useQueryClient()
  const [live, setLive] = useState<Live>('connecting')
  useEffect(() => follow(gatherer(client), setLive), [client])
  return live
}

/** What a topic makes stale: itself, and the lists that show a part of it. */
export function staleFor(topic: string): readonly string[] {
  return topic === 'device' ? ['device', 'devices', 'failures'] : [topic]
}

function follow(changed: (topics: readonly string[]) => void, tell: (live: Live) => void) {
  let stream: EventSource
  let retry: ReturnType<typeof setTimeout>
  const connect = (): void => {
    stream = new EventSource(addressOf('serverEvents', {}))
    stream.onopen = () => {
      tell('live')
      changed(everything)
    }
    stream.onerror = () => {
      tell('away')
      if (stream.readyState !== EventSource.CLOSED) return
      retry = setTimeout(connect, retryMs)
      changed(['session'])
    }
    stream.onmessage = ({ data }) => changed(staleFor(topicOf(data)))
  }
  connect()
  return () => {
    clearTimeout(retry)
    stream.close()
  }
}

const everything = ['devices', 'device', 'rollouts', 'releases', 'failures', 'settings'] as const

function topicOf(data: string): string {
  const { topic } = JSON.parse(data)
  return String(topic)
}

function gatherer(client: QueryClient): (topics: readonly string[]) => void {
  const gathered = new Set<string>()
  const ask = (): void => {
    for (const topic of gathered) void client.invalidateQueries({ queryKey: [topic] })
    gathered.clear()
  }
  return topics => {
    if (gathered.size === 0) setTimeout(ask, gatherMs)
    for (const topic of topics) gathered.add(topic)
  }
}
