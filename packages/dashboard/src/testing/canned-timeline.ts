import { failure, fig } from './canned-devices.ts'
import { ago, day, hour, minute } from './moments.ts'

const events = [
  {
    at: ago(3 * minute),
    kind: 'change',
    message: 'returned to generation 4 with the data it had',
    generation: 4,
    state: 'restored',
  },
  {
    at: ago(4 * minute),
    kind: 'failure',
    message: 'acme/greenhouse revision 3 failed its probation',
    generation: 5,
    failure,
  },
  {
    at: ago(4 * minute),
    kind: 'change',
    message: 'acme/greenhouse revision 3 is on probation for 30 seconds',
    generation: 5,
    state: 'probation',
  },
  {
    at: ago(5 * minute),
    kind: 'change',
    message: 'switched to generation 5',
    generation: 5,
    state: 'activating',
  },
  {
    at: ago(5 * minute),
    kind: 'change',
    message: 'fetched acme/greenhouse revision 3: 12 objects it lacked',
    generation: 5,
    state: 'preparing',
    details: { fetched: '41 kB', full: '98 MB' },
  },
  {
    at: ago(6 * minute),
    kind: 'server',
    message: 'ordered acme/greenhouse revision 3, because latest/stable was moved',
    details: { rollout: 3, counter: 4 },
  },
  {
    at: ago(2 * hour),
    kind: 'security',
    message: 'refused an order that it had already accepted: counter 3 is not above 3',
    code: 'trust/rollback',
  },
  {
    at: ago(day),
    kind: 'app',
    message: 'service of acme/greenhouse was adopted: it ran on while the agent was away',
  },
  {
    at: ago(day),
    kind: 'change',
    message: 'acme/greenhouse revision 2 proved itself and is committed',
    generation: 4,
    state: 'committed',
  },
  { at: ago(9 * day), kind: 'agent', message: 'joined fleet home' },
]

/** What fig did, newest first. */
export function makeTimeline() {
  return events.map((event, index) => ({
    id: 100 - index,
    device: fig,
    receivedAt: event.at,
    event: { sequence: 100 - index, ...event },
  }))
}
