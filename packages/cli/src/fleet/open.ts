import { parseFleetName } from '@steadfleet/domain'
import type { Client } from '@steadfleet/protocol'
import { type Call, textOption } from '../command.ts'
import { openPassphrase, type PassphraseSource } from '../keys/passphrase.ts'
import { connect } from './connect.ts'
import { type Home, homeDirectory, openHome } from './home.ts'
import { connectByToken, readToken } from './token.ts'

/** A fleet, and a client of its server. */
export interface Fleet {
  readonly home: Home
  readonly client: Client
}

/** Opens the fleet that a call is about. */
export async function openFleet(call: Call): Promise<Fleet> {
  const home = chosenIn(call, await homeOf(call))
  const token = await readToken(call.world)
  const { interrupted } = call.world
  const client =
    token === undefined
      ? await connect(home, interrupted)
      : connectByToken(home, token, interrupted)
  return { home, client }
}

/** A server may have several fleets: STEADFLEET_FLEET says which is meant, in the place of the folder’s. */
function chosenIn({ world }: Call, home: Home): Home {
  const { STEADFLEET_FLEET: fleet } = world.environment
  return fleet ? { ...home, fleet: parseFleetName(fleet) } : home
}

/** The folder of the fleet that a call is about, whose server need not be there. */
export function homeOf(call: Call): Promise<Home> {
  const directory = homeDirectory(call.world, textOption(call, 'dir'))
  return openHome(directory, openPassphrase(passphraseOf(call)))
}

/** Where the passphrase of a call's keys comes from. */
export function passphraseOf(call: Call): PassphraseSource {
  return { world: call.world, descriptor: textOption(call, 'passphraseFd') }
}
