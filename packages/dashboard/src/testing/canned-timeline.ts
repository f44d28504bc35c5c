import { failure, fig, oak } from './canned-devices.ts'
import { ago, day, digest, hour, minute } from './moments.ts'

const second = 1000

/** The words of one change, newest first, `apart` from each other. */
function change(generation: number, began: number, states: readonly string[], first: object) {
  const counter = generation - 1
  return states.toReversed().map((state, index) => {
    const place = states.length - 1 - index
    const details = { from: generation - 1, counter, ...(place === 0 && first) }
    const at = ago(began - place * 11 * second)
    const message = `generation ${generation} is ${state}`
    return { at, kind: 'change', message, generation, state, details }
  })
}

const way = ['planned', 'preparing', 'ready', 'activating', 'probation']
const why = failure.reason
const last = change(5, 5 * minute, [...way, 'rolling back', 'restored'], {
  changes: 'acme/greenhouse from revision 2 to 3',
})

const events = [
  ...last.slice(0, 2).map(each => ({
    ...each,
    message: `${each.message}: ${why}`,
    code: 'engine/probation',
    details: { ...each.details, why },
  })),
  {
    at: ago(4 * minute),
    kind: 'failure',
    message: why,
    code: 'engine/probation',
    generation: 5,
    failure,
  },
  ...last.slice(2),
  {
    at: ago(5 * minute),
    kind: 'change',
    message: 'fetched 41413 bytes of acme/greenhouse, a tree of 98420146',
    generation: 5,
    details: { package: 'acme/greenhouse', bytes: 41_413, size: 98_420_146 },
  },
  {
    at: ago(2 * hour),
    kind: 'security',
    message: 'cannot accept order 3: already accepted 3',
    code: 'trust/replayed-order',
    details: { held: 3, offered: 3 },
  },
  {
    at: ago(3 * hour),
    kind: 'security',
    message:
      'cannot trust model acme/greenhouse-box: its digest is not the one that the catalogue names',
    code: 'trust/digest-mismatch',
    details: { expected: digest('51c8aa03'), found: digest('0e77b1') },
  },
  {
    at: ago(day),
    kind: 'agent',
    message: 'found generation 4 in force: the agent was away and its apps ran on',
    generation: 4,
  },
  ...change(4, 3 * day, [...way, 'committed'], {
    changes: 'acme/mosquitto from revision 1 to 2',
  }),
  ...change(3, 9 * day, [...way, 'committed'], {
    changes: 'acme/greenhouse revision 2 is new, acme/mosquitto revision 1 is new',
  }),
]

/** What the server noted of oak. */
const noted = {
  id: 1,
  device: oak,
  receivedAt: ago(3 * minute),
  event: {
    ...{ sequence: 0, at: ago(3 * minute), kind: 'server', code: 'isolation/begun' },
    message: 'the fleet’s rule isolated acme/mosquitto',
    details: { by: 'the fleet’s rule', package: 'acme/mosquitto' },
  },
  hasEvidence: false,
}

/** What fig did, newest first; and oak. */
export function makeTimeline() {
  const own = events.map((event, index) => ({
    id: 100 - index,
    device: fig,
    receivedAt: event.at,
    event: { sequence: 100 - index, ...event },
    hasEvidence: event.kind === 'security',
  }))
  return [...own, noted]
}
