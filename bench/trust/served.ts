import { readFileSync } from 'node:fs'
import { fromBase64 } from '@steadfleet/base'
import { checkIn, makeClient, signRequest } from '@steadfleet/protocol'
import { makeTransport } from '../../packages/agent/src/server/http.ts'
import { orderIn, type TestDevice } from '../../packages/server/src/testing/test-device.ts'
import {
  follow,
  moveStable,
  openTestFleet,
  type TestFleet,
} from '../../packages/server/src/testing/test-fleet.ts'
import { openWire } from '../../scenarios/counted-wire.ts'
import { type Benchmark, type Figure, round } from '../figure.ts'

const devices = 32
const rounds = 40

/** What a server pays to hand out orders, and what the wire carries where there is nothing new. */
export const orderServing: Benchmark = {
  name: 'trust-served',
  what: `${devices} devices, each told its order ${rounds} times; then one that has everything`,
  async run() {
    await using fleet = await openTestFleet()
    await fleet.publish({ revision: 1 })
    await follow(fleet.operator)
    await moveStable(fleet.operator, 1)
    const joined = await Promise.all(Array.from({ length: devices }, () => fleet.join()))
    await Promise.all(joined.map(ordered))
    return [await serveOrders(fleet, joined), await refreshNothing(fleet)]
  },
}

/** The server signs an order after it has answered, so a device asks until there is one; `said` counts. */
async function ordered(device: TestDevice): Promise<{ counter: number; said: number }> {
  for (let said = 1; said <= 1000; said += 1) {
    const reply = await device.checkIn()
    if (reply.order) return { counter: orderIn(reply).counter, said }
  }
  throw new RangeError('cannot measure: no order comes')
}

/** Each request is signed, its report stored for good, and its reply the device's order. */
async function serveOrders(fleet: TestFleet, joined: readonly TestDevice[]): Promise<Figure> {
  const { pid } = fleet.server()
  const [before, began] = [cpuSecondsOf(pid), performance.now()]
  await Promise.all(
    joined.map(async device => {
      for (let i = 0; i < rounds; i += 1) orderIn(await device.checkIn())
    }),
  )
  const served = joined.length * rounds
  const cpu = cpuSecondsOf(pid) - before
  const wall = round((served * 1000) / (performance.now() - began))
  const facts = { served, 'cpu s': round(cpu), '1/s with the devices on the same cores': wall }
  return {
    name: 'orders served for each second of one core',
    value: round(served / cpu),
    unit: '1/s',
    facts,
  }
}

/** A device that holds the order and the catalogue says so, and hears that there is nothing. */
async function refreshNothing(fleet: TestFleet): Promise<Figure> {
  const wire = await openWire(Number(new URL(fleet.origin()).port))
  const transport = makeTransport()
  try {
    const device = await fleet.join({ name: 'up-to-date' })
    const { counter, said } = await ordered(device)
    await device.checkIn({ counter })
    const client = makeClient({
      origin: fleet.origin(),
      signing: { signer: device.signer, signRequest },
      transport: request =>
        transport({ ...request, url: request.url.replace(fleet.origin(), wire.origin) }),
    })
    const ask = (unchanged: number, root: number, timestamp: number) =>
      client.call(checkIn, {
        body: { unchanged, events: [], catalogues: { acme: { root, timestamp } } },
      })
    const brought = (await ask(said + 1, 0, 0)).catalogues?.acme
    const file = Buffer.from(fromBase64(brought?.timestamp ?? '')).toString()
    const before = wire.count()
    const reply = await ask(said + 1, brought?.roots?.length ?? 0, JSON.parse(file).signed.version)
    if (reply.order || reply.catalogues?.acme) throw new RangeError('cannot measure: there is news')
    const facts = { requests: 1 }
    return {
      name: 'a refresh with nothing new',
      value: wire.count() - before,
      unit: 'bytes',
      facts,
    }
  } finally {
    transport.close()
    wire.close()
  }
}

/** User and system time of a process and all its threads. proc_pid_stat(5), fields 14 and 15 */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
