import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { deviceEvents, signRequest } from '@steadfleet/protocol'
import { openTestFleet, type TestFleet } from '../../packages/server/src/testing/test-fleet.ts'
import { type Benchmark, type Figure, round } from '../figure.ts'
import { residentBytes } from '../process.ts'
import { type Ready, readyDevices, usedSequences } from './signed-requests.ts'

const devices = Number(process.env.STEADFLEET_BENCH_DEVICES ?? '2000')
/** Streams that are open before the first look: code and heap are there then. */
const warmUp = Math.floor(devices / 4)

/** What one more open stream costs the server's process, which holds nothing else for it. */
export const serverStreams: Benchmark = {
  name: 'server-streams',
  what: `memory of the server for each of ${devices} devices that hold a stream, without TLS`,
  async run() {
    await using it = await openTestFleet()
    const ready = await readyDevices(it, devices)
    // Of a process that has done nothing else: what the devices' joining left free would hide their streams.
    await it.killAndRestart()
    const sockets = await openAll(it, ready.slice(0, warmUp))
    const before = await settled(it)
    sockets.push(...(await openAll(it, ready.slice(warmUp))))
    const open = await settled(it)
    const idleSeconds = 60
    const received = sockets.reduce((sum, one) => sum + one.bytesRead, 0)
    await wait(idleSeconds * 1000)
    const idle = sockets.reduce((sum, one) => sum + one.bytesRead, 0) - received
    for (const socket of sockets) socket.destroy()
    return [
      memory('resident for each stream', (open - before) / (devices - warmUp)),
      {
        ...{ name: 'bytes of a stream with nothing to say', unit: 'B/h' },
        value: round((idle / devices) * (3600 / idleSeconds)),
        facts: { devices, seconds: idleSeconds },
      },
    ]
  },
}

function memory(name: string, bytes: number): Figure {
  return { name, value: round(bytes / 1000), unit: 'kB', facts: { devices } }
}

async function openAll(it: TestFleet, ready: readonly Ready[]): Promise<Socket[]> {
  const sockets: Socket[] = []
  for (const one of ready) sockets.push(await openStream(it.origin(), one))
  return sockets
}

/** A bare socket: what is measured is the server, and bytes are counted as they come. */
async function openStream(origin: string, { session, nonce }: Ready): Promise<Socket> {
  const { hostname, port, host } = new URL(origin)
  const parts = { method: deviceEvents.method, targetUri: origin + deviceEvents.path }
  const freshness = { nonce, sequence: usedSequences + 1 }
  const headers = { host, ...(await signRequest(parts, freshness, session)) }
  const rows = Object.entries(headers).map(row => row.join(': '))
  const socket = connect(Number(port), hostname)
  socket.write(`GET ${deviceEvents.path} HTTP/1.1\r\n${rows.join('\r\n')}\r\n\r\n`)
  const [head] = await once(socket, 'data')
  if (!String(head).startsWith('HTTP/1.1 200')) throw new Error(`no stream: ${head}`)
  socket.on('data', () => undefined)
  return socket
}

/** The least that the process holds within some seconds: what is over is collected meanwhile. */
async function settled(it: TestFleet): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let second = 0; second < 10; second += 1) {
    await wait(1000)
    least = Math.min(least, residentBytes(it.server().pid))
  }
  return least
}
