import { resolve } from 'node:path'
import { keyOption, namedSigners } from '../ceremony/signers.ts'
import { standingLinesOf } from '../ceremony/tell.ts'
import { type Call, type OptionSpec, textOption } from '../command.ts'
import type { DraftedRole, RoleSigning } from '../publish/put-role.ts'
import { namesHere } from './ceremony.ts'

/** What every command takes that signs the publisher's role. */
export const roleSigningOptions: readonly OptionSpec[] = [
  { ...keyOption, what: `${keyOption.what}; the publisher’s own otherwise` },
  {
    flags: '--out <file>',
    what: 'where a draft goes that others must sign too, instead of publisher-VERSION.draft',
  },
]

/** With which keys a call signs the publisher's role, and where the draft of it goes. */
export async function roleSigning(call: Call): Promise<RoleSigning> {
  const signers = await namedSigners(call)
  const out = textOption(call, 'out')
  return {
    signers,
    draftAt: edition => resolve(call.world.directory, out ?? `publisher-${edition}.draft`),
  }
}

/** What is to be done with a draft that the keys of a call did not suffice for. */
export async function draftedLines(
  call: Call,
  { draft, standing }: DraftedRole,
): Promise<readonly string[]> {
  return [
    `${draft} waits for more signatures; nothing of it is in force`,
    ...standingLinesOf(standing, await namesHere(call)),
    `  to sign it: steadfleet publisher sign ${draft} --key KEY`,
    `  with the signatures beside it: steadfleet publisher apply ${draft}`,
  ]
}
