import { toTimestamp } from '@steadfleet/domain'
import {
  addMachine,
  createPersonLink,
  createSignInLink,
  endOwnSession,
  endSessionsOf,
  everyFleet,
  invitePerson,
  listMachines,
  listPeople,
  listSessions,
  listSessionsOf,
  type Role,
  removeMachine,
  removePerson,
  setRoles,
} from '@steadfleet/protocol'
import type { NewPerson } from '../acts/people.ts'
import type { House } from '../house.ts'
import type { Write } from '../http/acting.ts'
import type { Handle } from '../http/handle.ts'
import { nameOf } from '../http/permissions.ts'
import { makeId, makeSecret } from '../http/secrets.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import { allMachines, allPeople, personWithId, sessionsOf } from '../store/people-store.ts'
import { toMachineView, toPersonView, toSessionView } from '../views/people.ts'
import { personIn } from './sign-in.ts'

const linkSeconds = 3600
/** An invitation goes by mail, and its reader may be away. */
const inviteSeconds = 3 * 86_400

/** Who may do what here: people, their sessions, and machines. */
export function handlePeople(handle: Handle, house: House): void {
  const { world } = house
  const { db } = house.store

  handle(createSignInLink, async ({ caller, write }) => {
    const roles = [{ fleet: everyFleet, role: 'administrator' }]
    const person = { id: makeId(world, 'per'), name: nameOf(caller), roles, now: nowIn(house) }
    return makeLink(house, write, { person, seconds: linkSeconds })
  })

  handle(listPeople, async () =>
    Promise.all((await allPeople(db)).map(row => toPersonView(db, row, nowIn(house)))),
  )

  handle(invitePerson, async ({ body, write }) => {
    const roles = await rowsOf(house, body.roles)
    const person = { id: makeId(world, 'per'), name: body.name, roles, now: nowIn(house) }
    await write('admitPerson', person)
    const link = await makeLink(house, write, { person, seconds: inviteSeconds })
    const row = await personWithId(db, person.id)
    return { person: await toPersonView(db, row, nowIn(house)), link }
  })

  handle(setRoles, async ({ params: { person }, body, write }) => {
    await write('setRoles', { person, roles: await rowsOf(house, body.roles) })
    return toPersonView(db, await personWithId(db, person), nowIn(house))
  })

  handle(createPersonLink, async ({ params, write }) => {
    const { id, name } = await personWithId(db, params.person)
    const person = { id, name, roles: [], now: nowIn(house) }
    return makeLink(house, write, { person, seconds: linkSeconds })
  })

  handle(removePerson, async ({ params: { person }, write }) => {
    await personWithId(db, person)
    await write('removePerson', { person })
    return undefined
  })

  handleSessions(handle, house)
  handleMachines(handle, house)
}

function handleSessions(handle: Handle, house: House): void {
  const { db } = house.store

  handle(listSessions, async ({ caller }) => {
    const held = caller.kind === 'person' ? caller.session : undefined
    const rows = await sessionsOf(db, personIn(caller).id, nowIn(house))
    return rows.map(row => toSessionView(row, held))
  })

  handle(endOwnSession, async ({ params, caller, write }) => {
    await write('endSessions', { person: personIn(caller).id, id: params.session })
    return undefined
  })

  handle(listSessionsOf, async ({ params: { person }, caller }) => {
    await personWithId(db, person)
    const held = caller.kind === 'person' ? caller.session : undefined
    return (await sessionsOf(db, person, nowIn(house))).map(row => toSessionView(row, held))
  })

  handle(endSessionsOf, async ({ params: { person }, write }) => {
    await personWithId(db, person)
    await write('endSessions', { person })
    return undefined
  })
}

function handleMachines(handle: Handle, house: House): void {
  const { store, world } = house

  handle(listMachines, async () => (await allMachines(store.db, nowIn(house))).map(toMachineView))

  handle(addMachine, async ({ body: { name, role, fleet, days }, caller, write }) => {
    if (fleet !== undefined) await fleetNamed(store.db, fleet)
    const { text, hash } = makeSecret(world)
    const now = world.now()
    const row = {
      ...{ hash, name, role, id: makeId(world, 'mac'), fleet: fleet ?? everyFleet },
      ...{ by: nameOf(caller), now: toTimestamp(now) },
      expiresAt: toTimestamp(new Date(now.getTime() + days * 86_400_000)),
    }
    await write('addMachine', row)
    const times = { made_by: row.by, made_at: row.now, expires_at: row.expiresAt }
    return { machine: toMachineView({ ...row, ...times }), token: text }
  })

  handle(removeMachine, async ({ params, write }) => {
    await write('removeMachine', { id: params.machine })
    return undefined
  })
}

function nowIn({ world }: House) {
  return toTimestamp(world.now())
}

/** Roles as rows; a fleet that is not there is refused. */
async function rowsOf({ store }: House, roles: Readonly<Record<string, Role>>) {
  const rows = Object.entries(roles).map(([fleet, role]) => ({ fleet, role }))
  for (const { fleet } of rows) if (fleet !== everyFleet) await fleetNamed(store.db, fleet)
  return rows
}

interface LinkFor {
  readonly person: NewPerson
  readonly seconds: number
}

async function makeLink(house: House, write: Write, { person, seconds }: LinkFor) {
  const { text, hash } = makeSecret(house.world)
  const expiresAt = toTimestamp(new Date(house.world.now().getTime() + seconds * 1000))
  await write('createSignInToken', { hash, person, expiresAt })
  return { token: text, expiresAt }
}
