import type { Client } from '@steadfleet/protocol'
import { type Call, textOption } from '../command.ts'
import { connect } from './connect.ts'
import { type Home, homeDirectory, openHome } from './home.ts'

/** A fleet, and a client of its server. */
export interface Fleet {
  readonly home: Home
  readonly client: Client
}

/** Opens the fleet that a call is about. */
export async function openFleet(call: Call): Promise<Fleet> {
  const home = await openHome(homeDirectory(call.world, textOption(call, 'dir')))
  return { home, client: await connect(home, call.world.interrupted) }
}
