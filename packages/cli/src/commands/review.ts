import { parsePackageName } from '@steadfleet/domain'
import {
  compareRequests,
  getReviewPolicy,
  listReleases,
  listReviews,
  type RequestChangeView,
  reviewRelease,
  setReviewPolicy,
} from '@steadfleet/protocol'
import { argument, type CommandSpec, listOption, textOption } from '../command.ts'
import { packageParams, wholeNumber } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'

const takes = [
  { name: '<package>', what: 'as PUBLISHER/NAME' },
  { name: '<revision>', what: 'a revision that was published' },
]

/** `steadfleet release diff` */
const diff: CommandSpec = {
  name: 'release diff',
  takes,
  summary: 'Show what a revision asks for that an earlier one did not.',
  options: [{ flags: '--from <revision>', what: 'the earlier one; the one before otherwise' }],
  examples: ['release diff acme/greenhouse 4', 'release diff acme/greenhouse 4 --from 1 --json'],
  async run(call) {
    const fleet = await openFleet(call)
    const named = argument(call, 0)
    const to = wholeNumber(argument(call, 1), 'a revision')
    const typed = textOption(call, 'from')
    const from =
      typed === undefined ? await before(fleet, named, to) : wholeNumber(typed, 'a revision')
    const query = { to, ...(from !== undefined && { from }) }
    const changes = await fleet.client.call(compareRequests, {
      params: packageParams(named),
      query,
    })
    call.output.answer(changes, () => toText(changes, from, to))
  },
}

async function before({ client }: Fleet, named: string, to: number): Promise<number | undefined> {
  const releases = await client.call(listReleases, { query: { package: parsePackageName(named) } })
  const earlier = releases.map(({ revision }) => revision).filter(revision => revision < to)
  return earlier.length === 0 ? undefined : Math.max(...earlier)
}

function toText(
  changes: readonly RequestChangeView[],
  from: number | undefined,
  to: number,
): string {
  const span = from === undefined ? `revision ${to}, the first` : `revision ${to} against ${from}`
  if (changes.length === 0) return `${span}: asks for the same`
  return [`${span}:`, ...changes.flatMap(toLines)].join('\n')
}

const signs = { added: '+', more: '+', less: '-', removed: '-' } as const

function toLines({
  interface: name,
  change,
  asks,
  drops,
  opens,
  risk,
}: RequestChangeView): string[] {
  return [
    `${signs[change]} ${name} (${change}, risk ${risk}): ${opens}`,
    ...asks.map(one => `    + ${one}`),
    ...drops.map(one => `    - ${one}`),
  ]
}

/** `steadfleet review list` */
const list: CommandSpec = {
  name: 'review list',
  summary: 'List revisions whose risky requests wait for a reviewer, or were reviewed.',
  examples: ['review list', 'review list --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const reviews = await client.call(listReviews, {})
    const rows = reviews.map(({ package: name, revision, verdict, by, at, reason, requests }) => [
      name,
      String(revision),
      requests.map(one => one.interface).join(', '),
      verdict,
      by,
      at,
      reason,
    ])
    const head = ['PACKAGE', 'REVISION', 'ASKS FOR', 'IS', 'BY', 'AT', 'REASON']
    call.output.answer(reviews, () => toTable(head, rows, 'nothing waits for a reviewer'))
  },
}

function saying(verb: string, verdict: 'approved' | 'rejected', summary: string): CommandSpec {
  return {
    name: `review ${verb}`,
    takes: [...takes, { name: '<reason>', what: 'why, for the log' }],
    summary,
    examples: [`review ${verb} acme/doorbell 3 "a doorbell needs its camera"`],
    async run(call) {
      const { client } = await openFleet(call)
      const named = argument(call, 0)
      const revision = wholeNumber(argument(call, 1), 'a revision')
      const params = { ...packageParams(named), revision }
      const body = { verdict, reason: argument(call, 2) }
      const review = await client.call(reviewRelease, { params, body })
      call.output.answer(review, () => `${named} revision ${revision} is ${verdict}`)
    },
  }
}

/** `steadfleet review policy` */
const policy: CommandSpec = {
  name: 'review policy',
  summary:
    'Show, or say, which interfaces a reviewer must see a request for before it goes to stable.',
  options: [
    {
      flags: '--set <interface>',
      what: 'one of them; the others are reviewed no longer',
      repeats: true,
    },
  ],
  examples: ['review policy', 'review policy --set camera --set microphone'],
  async run(call) {
    const { client } = await openFleet(call)
    const interfaces = [...listOption(call, 'set')]
    const said =
      interfaces.length === 0
        ? await client.call(getReviewPolicy, {})
        : await client.call(setReviewPolicy, { body: { interfaces } })
    call.output.answer(said, () => said.interfaces.join('\n') || 'none')
  },
}

export const reviewCommands: readonly CommandSpec[] = [
  diff,
  list,
  saying('approve', 'approved', 'Approve what a revision asks for: it may go to stable.'),
  saying('reject', 'rejected', 'Reject what a revision asks for: it may not go to stable.'),
  policy,
]
