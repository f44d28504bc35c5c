import { chosenKinds, type NoticeKind } from '@steadfleet/domain'
import {
  addEndpoint,
  changeEndpoint,
  listDeliveries,
  listEndpoints,
  removeEndpoint,
  renewEndpointSecret,
  replayDeliveries,
  testEndpoint,
} from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'

const endpoint = { name: '<endpoint>', what: 'the id that webhook list gives it' } as const
const kindOption = {
  flags: '--kind <kind>',
  what: `${chosenKinds.join(', ')}; without it: all of them`,
  repeats: true,
} as const

/** `steadfleet webhook list` */
const webhookList: CommandSpec = {
  name: 'webhook list',
  summary: 'Where notices of the fleet are sent, of which kinds, and whether they arrive.',
  examples: ['webhook list', 'webhook list --json'],
  async run(call) {
    const { client, home } = await openFleet(call)
    const all = await client.call(listEndpoints, { params: { fleet: home.fleet } })
    call.output.answer(all, () =>
      toTable(
        ['endpoint', 'state', 'url', 'kinds'],
        all.map(({ id, on, why, failingSince, url, kinds }) => [
          ...[
            id,
            on ? `on${failingSince ? `, failing since ${failingSince}` : ''}` : `off: ${why}`,
          ],
          ...[url, kinds.length === chosenKinds.length ? 'all' : kinds.join(', ')],
        ]),
        'no webhook yet: steadfleet webhook add URL',
      ),
    )
  },
}

/** `steadfleet webhook add URL` */
const webhookAdd: CommandSpec = {
  name: 'webhook add',
  takes: [{ name: '<url>', what: 'an https address on the internet' }],
  summary: 'Send notices to a URL, signed (Standard Webhooks); prints its secret, this once.',
  options: [kindOption],
  examples: [
    'webhook add https://example.com/steadfleet',
    'webhook add https://example.com/steadfleet --kind rollout.halted --kind failure.new --json',
  ],
  async run(call) {
    const { client, home } = await openFleet(call)
    const body = { url: argument(call, 0), kinds: kindsOf(call) ?? [...chosenKinds] }
    const made = await client.call(addEndpoint, { params: { fleet: home.fleet }, body })
    call.output.answer(made, () =>
      [`endpoint ${made.endpoint.id}`, `secret   ${made.secret}`, 'It is not shown again.'].join(
        '\n',
      ),
    )
  },
}

/** `steadfleet webhook set ENDPOINT` */
const webhookSet: CommandSpec = {
  name: 'webhook set',
  takes: [endpoint],
  summary: 'Send it other kinds, or turn it off or on again.',
  options: [
    kindOption,
    { flags: '--on', what: 'send it notices again' },
    { flags: '--off', what: 'send it nothing; what waits for it is given up' },
  ],
  examples: [
    'webhook set end_0123456789abcdef0123 --off',
    'webhook set end_0123456789abcdef0123 --json',
  ],
  async run(call) {
    const { client, home } = await openFleet(call)
    const kinds = kindsOf(call)
    const on = call.options.on === true || (call.options.off === true ? false : undefined)
    const body = { ...(kinds && { kinds }), ...(on !== undefined && { on }) }
    const now = await client.call(changeEndpoint, { params: paramsOf(call, home.fleet), body })
    call.output.answer(now, () => `${now.id} is ${now.on ? 'on' : 'off'}: ${now.kinds.join(', ')}`)
  },
}

/** `steadfleet webhook remove ENDPOINT` */
const webhookRemove: CommandSpec = {
  name: 'webhook remove',
  takes: [endpoint],
  summary: 'Forget a webhook and what was sent there.',
  examples: [
    'webhook remove end_0123456789abcdef0123',
    'webhook remove end_0123456789abcdef0123 --json',
  ],
  async run(call) {
    const { client, home } = await openFleet(call)
    const params = paramsOf(call, home.fleet)
    await client.call(removeEndpoint, { params })
    call.output.answer({ removed: params.endpoint }, () => `${params.endpoint} is forgotten`)
  },
}

/** `steadfleet webhook renew ENDPOINT` */
const webhookRenew: CommandSpec = {
  name: 'webhook renew',
  takes: [endpoint],
  summary: 'Make another secret; the one before signs beside it for a day.',
  examples: [
    'webhook renew end_0123456789abcdef0123',
    'webhook renew end_0123456789abcdef0123 --json',
  ],
  async run(call) {
    const { client, home } = await openFleet(call)
    const made = await client.call(renewEndpointSecret, { params: paramsOf(call, home.fleet) })
    call.output.answer(made, () => `secret ${made.secret}\nIt is not shown again.`)
  },
}

/** `steadfleet webhook test ENDPOINT` */
const webhookTest: CommandSpec = {
  name: 'webhook test',
  takes: [endpoint],
  summary: 'Send it a notice that tells nothing; webhook log says how it went.',
  examples: [
    'webhook test end_0123456789abcdef0123',
    'webhook test end_0123456789abcdef0123 --json',
  ],
  async run(call) {
    const { client, home } = await openFleet(call)
    const sent = await client.call(testEndpoint, { params: paramsOf(call, home.fleet) })
    call.output.answer(sent, () => `delivery ${sent.delivery} is on its way`)
  },
}

/** `steadfleet webhook log ENDPOINT` */
const webhookLog: CommandSpec = {
  name: 'webhook log',
  takes: [endpoint],
  summary: 'What was sent there and what is due, newest first.',
  examples: ['webhook log end_0123456789abcdef0123', 'webhook log end_0123456789abcdef0123 --json'],
  async run(call) {
    const { client, home } = await openFleet(call)
    const params = paramsOf(call, home.fleet)
    const all = await client.call(listDeliveries, { params, query: {} })
    call.output.answer(all, () =>
      toTable(
        ['delivery', 'at', 'kind', 'state', 'tries', 'what hindered it', 'next'],
        all.map(({ id, at, kind, state, attempts, said, nextAt = '' }) => [
          ...[`${id}`, at, kind, state, `${attempts}`, said, nextAt],
        ]),
        'nothing was sent there yet',
      ),
    )
  },
}

/** `steadfleet webhook replay ENDPOINT` */
const webhookReplay: CommandSpec = {
  name: 'webhook replay',
  takes: [endpoint],
  summary: 'Send one delivery again, or all notices of its kinds since a moment.',
  options: [
    { flags: '--delivery <number>', what: 'of webhook log' },
    { flags: '--since <moment>', what: 'RFC 3339, as 2026-11-22T05:00:00Z' },
  ],
  examples: [
    'webhook replay end_0123456789abcdef0123 --delivery 7',
    'webhook replay end_0123456789abcdef0123 --since 2026-11-22T05:00:00Z --json',
  ],
  async run(call) {
    const { client, home } = await openFleet(call)
    const [delivery, since] = [textOption(call, 'delivery'), textOption(call, 'since')]
    if ((delivery === undefined) === (since === undefined)) {
      throw new CliError('cli/usage', 'cannot replay: name one of --delivery and --since')
    }
    const body = delivery === undefined ? { since: since ?? '' } : { delivery: Number(delivery) }
    const params = paramsOf(call, home.fleet)
    const { queued } = await client.call(replayDeliveries, { params, body })
    call.output.answer({ queued }, () => `${queued} on their way`)
  },
}

export const webhookCommands: readonly CommandSpec[] = [
  ...[webhookList, webhookAdd, webhookSet, webhookRemove],
  ...[webhookRenew, webhookTest, webhookLog, webhookReplay],
]

function paramsOf<F>(call: Call, fleet: F): { readonly fleet: F; readonly endpoint: string } {
  return { fleet, endpoint: argument(call, 0) }
}

function kindsOf(call: Call): NoticeKind[] | undefined {
  const typed = listOption(call, 'kind')
  const other = typed.find(kind => !chosenKinds.some(known => known === kind))
  if (other !== undefined) {
    throw new CliError('cli/usage', `cannot tell of ${other}: not one of ${chosenKinds.join(', ')}`)
  }
  return typed.length === 0 ? undefined : (typed as NoticeKind[])
}
