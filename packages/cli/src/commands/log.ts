import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { isCoded } from '@steadfleet/base'
import { type Client, getLog, makeClient } from '@steadfleet/protocol'
import { type LogPolicy, TrustError } from '@steadfleet/trust'
import { openPolicyDraft, savePolicyDraft } from '../catalogue/policy-draft.ts'
import { type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError, exits, OwnExit } from '../error.ts'
import { overFetch } from '../fleet/connect.ts'
import { wholeNumber } from '../fleet/find.ts'
import { writeLogPolicy } from '../fleet/first-log.ts'
import type { Home } from '../fleet/home.ts'
import { homeOf, openFleet } from '../fleet/open.ts'
import { followLog } from '../log/follow-log.ts'
import { keepEvidence } from '../log/fork-evidence.ts'
import { alarming, type Finding, judgeLeaf } from '../log/judge-leaf.ts'
import { readFollowed, writeFollowed } from '../log/monitor-state.ts'
import { nextShard } from '../log/next-shard.ts'
import { readSigned } from '../log/signed-list.ts'
import { toTable } from '../output.ts'
import { logPolicyOf } from '../verify/gather.ts'

/** `steadfleet log show` */
export const logShow: CommandSpec = {
  name: 'log show',
  summary: 'Show how far the log was signed and published, and which witnesses answer.',
  examples: ['log show', 'log show --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const view = await client.call(getLog, {})
    call.output.answer(view, () =>
      [
        `log ${view.origin}: ${view.published} of ${view.signed} entries are published`,
        `${view.quorum} of ${view.witnesses.length} witnesses must cosign`,
        ...(view.trouble ? [`${view.trouble.message}  [${view.trouble.code}]`] : []),
        toTable(
          ['witness', 'cosigned', 'trouble'],
          view.witnesses.map(({ name, size, trouble }) => [
            name,
            `${size}`,
            trouble?.message ?? '',
          ]),
          'no witness is asked',
        ),
      ].join('\n'),
    )
  },
}

/** `steadfleet log shard` */
export const logShard: CommandSpec = {
  name: 'log shard',
  summary:
    'Draft that devices follow the log under its next name, where its files were lost: no second history is signed under the old one.',
  examples: ['log shard', 'log shard --json'],
  async run(call) {
    const fleet = await openFleet(call)
    const { next } = await openPolicyDraft(fleet)
    const log = nextShard(next.log)
    await savePolicyDraft(fleet.home, { ...next, log })
    await writeLogPolicy(fleet.home.directory, log)
    call.output.answer({ log }, () =>
      [
        `the log goes on as ${log.key}`,
        'each witness must know it: steadfleet witness run DIR --log KEY',
        'sign it: steadfleet policy apply; the server goes on with it at once',
      ].join('\n'),
    )
  },
}

/** `steadfleet log monitor` */
export const logMonitor: CommandSpec = {
  name: 'log monitor',
  summary:
    'Follow the log from where it was left: each new entry, and every release under this publisher’s name that this machine did not sign.',
  options: [
    { flags: '--once', what: 'look once, and end' },
    { flags: '--interval <seconds>', what: 'look again after so long', otherwise: '60' },
    {
      flags: '--signed <file>',
      what: 'the signed.jsonl of another machine that signs under this name too',
      repeats: true,
    },
  ],
  examples: ['log monitor', 'log monitor --once --json', 'log monitor --interval 600'],
  async run(call) {
    const home = await homeOf(call)
    const policy = await logPolicyOf(home)
    const client = makeClient({
      origin: home.server,
      transport: overFetch(call.world.interrupted),
    })
    const seconds = wholeNumber(textOption(call, 'interval') ?? '60', 'seconds')
    let alarms = 0
    for (;;) {
      alarms += await lookTolerantly(call, home, client, policy)
      if (call.options.once === true || call.world.interrupted.aborted) break
      await pause(seconds * 1000, call.world.interrupted)
      if (call.world.interrupted.aborted) break
    }
    if (alarms > 0) throw notOurs(home, alarms)
  },
}

/** Refusals in which two notes disagree, and the log has signed both. */
const ofTwoNotes: readonly string[] = ['trust/log-fork', 'trust/log-rollback']

/** A server that is away is asked again; only a single look ends by it. */
async function lookTolerantly(
  call: Call,
  home: Home,
  client: Client,
  policy: LogPolicy,
): Promise<number> {
  try {
    return await look(call, home, client, policy)
  } catch (error) {
    if (error instanceof TrustError && ofTwoNotes.includes(error.code)) {
      throw new OwnExit(exits.alarmed, await keepEvidence(home.directory, policy, error))
    }
    if (!isCoded(error, 'cli/unreachable') || call.options.once === true) {
      if (isCoded(error, 'cli/interrupted')) return 0
      throw error
    }
    call.output.note(error.message)
    return 0
  }
}

/** Looks once, and says what is new; how much of that is alarming is the answer. */
async function look(call: Call, home: Home, client: Client, policy: LogPolicy): Promise<number> {
  const others = listOption(call, 'signed').map(file => resolve(call.world.directory, file))
  const signed = await readSigned(home, others)
  const held = await readFollowed(home.directory, policy)
  const judge = (index: number, leaf: Uint8Array): Finding => judgeLeaf(home, signed, index, leaf)
  const { followed, found } = await followLog(client, policy, held, judge)
  for (const finding of found) call.output.line(finding, toLine(home, finding))
  const { size } = followed.frontier
  const origin = policy.key.name
  call.output.line(
    { origin, from: held.frontier.size, size },
    `log ${origin}: ${size} entries, ${found.length} of them new; one history, as its witnesses say`,
  )
  // Said first: after a crash between the two it is said again, rather than never.
  await writeFollowed(home.directory, policy, followed)
  return found.filter(({ kind }) => alarming.includes(kind)).length
}

function toLine({ publisher }: Home, { index, kind, about }: Finding): string {
  const words: Readonly<Record<Finding['kind'], string>> = {
    own: 'signed on this machine',
    foreign: `ALARM: under the name of ${publisher}, and not signed on this machine`,
    other: 'not of this publisher',
    unreadable: 'ALARM: cannot be read',
  }
  return `${index}  ${about}  ${words[kind]}`
}

function notOurs({ publisher }: Home, alarms: number): CliError {
  const message = `cannot vouch for ${alarms} entries of the log: ${publisher} did not sign them on this machine`
  const hint =
    'is the publisher’s key stolen? revoke it; or name the list of another machine with --signed'
  return new CliError('cli/not-ours', message, { alarms, hint })
}

async function pause(ms: number, interrupted: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal: interrupted }).catch(() => undefined)
}
