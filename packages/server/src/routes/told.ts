import type { AlertCount } from '@steadfleet/domain'
import {
  type AlertRuleView,
  chooseMail,
  getMailChoice,
  listAlertRules,
  type MailChoiceView,
  putAlertRule,
  removeAlertRule,
} from '@steadfleet/protocol'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import { personIn } from './sign-in.ts'

/** Who is told what by mail, and the standing rules of fleets. */
export function handleTold(handle: Handle, house: House): void {
  handle(getMailChoice, async ({ caller }) => choiceOf(house, personIn(caller).id))

  handle(chooseMail, async ({ caller, body, write }) => {
    if (!house.isMailPossible) {
      const message = 'cannot send mail: the server has not been told how (smtp, mail-from)'
      throw new ServerError('mail/not-configured', message)
    }
    const person = personIn(caller).id
    await write('chooseMail', { person, ...body })
    return choiceOf(house, person)
  })

  handleRules(handle, house)
}

async function choiceOf({ store, isMailPossible }: House, person: string): Promise<MailChoiceView> {
  const row = await store.db
    .selectFrom('mail_choice')
    .select(['address', 'kinds', 'said'])
    .where('person', '=', person)
    .executeTakeFirst()
  const { address, kinds, said } = row ?? { address: '', kinds: '[]', said: '' }
  return { isPossible: isMailPossible, address, kinds: JSON.parse(kinds), said }
}

function handleRules(handle: Handle, { store: { db } }: House): void {
  handle(listAlertRules, async ({ params: { fleet } }) => {
    await fleetNamed(db, fleet)
    const rows = await db
      .selectFrom('alert_rule')
      .selectAll()
      .where('fleet', '=', fleet)
      .orderBy('name')
      .execute()
    return rows.map(
      (row): AlertRuleView => ({
        ...{ name: row.name, counts: row.counts as AlertCount },
        ...{ 'at-least': row.at_least, 'within-seconds': row.within_seconds },
        ...(row.raised_at !== null && { raisedAt: row.raised_at }),
      }),
    )
  })

  handle(putAlertRule, async ({ params: { fleet, rule: name }, body, write }) => {
    const { counts, 'at-least': atLeast, 'within-seconds': withinSeconds } = body
    await write('putAlertRule', { fleet, name, counts, atLeast, withinSeconds })
    return { name, ...body }
  })

  handle(removeAlertRule, async ({ params: { fleet, rule: name }, write }) => {
    await write('removeAlertRule', { fleet, name })
    return undefined
  })
}
