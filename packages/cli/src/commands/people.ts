import {
  createPersonLink,
  endSessionsOf,
  everyFleet,
  invitePerson,
  isRole,
  listPeople,
  listSessionsOf,
  type PersonView,
  type Role,
  removePerson,
  roleNames,
  setRoles,
} from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, listOption } from '../command.ts'
import { CliError } from '../error.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'
import { linkUrl } from './sign-in.ts'

const takesName = { name: '<name>', what: 'the person’s name' }
const roleOption = {
  flags: '--role <role>',
  what: `${roleNames.join(', ')}: for every fleet and the server; FLEET=ROLE for one fleet`,
  repeats: true,
}

const list: CommandSpec = {
  name: 'people list',
  summary: 'Show who may sign in, what they are to which fleet, and by what they come in.',
  examples: ['people list', 'people list --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const people = await client.call(listPeople, {})
    call.output.answer(people, () =>
      toTable(
        ['name', 'roles', 'passkeys', 'sessions', 'last seen'],
        people.map(one => [
          one.name,
          inWords(one.roles),
          `${one.passkeys}`,
          `${one.sessions}`,
          one.seenAt ?? '',
        ]),
        'nobody has signed in yet: steadfleet sign-in',
      ),
    )
  },
}

const invite: CommandSpec = {
  name: 'people invite',
  takes: [takesName],
  summary:
    'Admit a person, and print the link with which they come; it works once, for three days.',
  options: [roleOption],
  examples: ['people invite vera --role viewer', 'people invite olga --role home=operator --json'],
  async run(call) {
    const fleet = await openFleet(call)
    const body = { name: argument(call, 0), roles: rolesIn(call) }
    const { person, link } = await fleet.client.call(invitePerson, { body })
    tellLink(call, fleet, person.name, link)
  },
}

const roles: CommandSpec = {
  name: 'people roles',
  takes: [takesName],
  summary: 'Say what a person is; it takes the place of what they were, at once.',
  options: [roleOption],
  examples: ['people roles vera --role operator', 'people roles vera --role home=auditor --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const { id } = await personNamed(client, argument(call, 0))
    const params = { person: id }
    const person = await client.call(setRoles, { params, body: { roles: rolesIn(call) } })
    call.output.answer(person, () => `${person.name} is ${inWords(person.roles) || 'nothing'}`)
  },
}

const link: CommandSpec = {
  name: 'people link',
  takes: [takesName],
  summary: 'Print another link for a person who has lost every other way in; it works once.',
  examples: ['people link vera', 'people link vera --json'],
  async run(call) {
    const fleet = await openFleet(call)
    const person = await personNamed(fleet.client, argument(call, 0))
    const params = { person: person.id }
    tellLink(call, fleet, person.name, await fleet.client.call(createPersonLink, { params }))
  },
}

const sessions: CommandSpec = {
  name: 'people sessions',
  takes: [takesName],
  summary: 'Show the sessions that a person has open: since when, from where, in which browser.',
  examples: ['people sessions vera', 'people sessions vera --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const { id } = await personNamed(client, argument(call, 0))
    const open = await client.call(listSessionsOf, { params: { person: id } })
    call.output.answer(open, () =>
      toTable(
        ['since', 'last seen', 'from', 'browser'],
        open.map(({ madeAt, seenAt, address, agent }) => [madeAt, seenAt, address, agent]),
        'no session is open',
      ),
    )
  },
}

const signOut: CommandSpec = {
  name: 'people sign-out',
  takes: [takesName],
  summary: 'End every session of a person; their passkeys stay.',
  examples: ['people sign-out vera', 'people sign-out vera --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const { id, name } = await personNamed(client, argument(call, 0))
    await client.call(endSessionsOf, { params: { person: id } })
    call.output.answer({ signedOut: name }, () => `${name} is signed out everywhere`)
  },
}

const remove: CommandSpec = {
  name: 'people remove',
  takes: [takesName],
  summary: 'Forget a person: sessions, passkeys, codes and links end; what they did stays told.',
  examples: ['people remove vera', 'people remove vera --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const { id, name } = await personNamed(client, argument(call, 0))
    await client.call(removePerson, { params: { person: id } })
    call.output.answer({ removed: name }, () => `${name} may not sign in any more`)
  },
}

function tellLink(
  call: Call,
  { home }: Fleet,
  name: string,
  { token, expiresAt }: { readonly token: string; readonly expiresAt: string },
): void {
  const answer = { name, url: linkUrl(home.server, token), expiresAt }
  call.output.note(`for ${name}, works once, until ${expiresAt}:`)
  call.output.answer(answer, () => answer.url)
}

async function personNamed(client: Fleet['client'], name: string): Promise<PersonView> {
  const found = (await client.call(listPeople, {})).find(one => one.name === name)
  if (found) return found
  throw new CliError('cli/not-found', `cannot find a person ${name}`, { name })
}

/** `ROLE`, or `FLEET=ROLE`. */
export function rolesIn(call: Pick<Call, 'options'>): Record<string, Role> {
  return Object.fromEntries(listOption(call, 'role').map(toRole))
}

function toRole(typed: string): [fleet: string, role: Role] {
  const [fleet, role] = typed.includes('=') ? typed.split('=') : [everyFleet, typed]
  if (fleet && role !== undefined && isRole(role)) return [fleet, role]
  const message = `cannot take ${JSON.stringify(typed)} for a role: it is one of ${roleNames.join(', ')}, or FLEET=ROLE`
  throw new CliError('cli/usage', message)
}

function inWords(held: PersonView['roles']): string {
  return Object.entries(held)
    .map(([fleet, role]) => (fleet === everyFleet ? role : `${role} of ${fleet}`))
    .join(', ')
}

export const peopleCommands: readonly CommandSpec[] = [
  ...[list, invite, roles, link, sessions, signOut, remove],
]
