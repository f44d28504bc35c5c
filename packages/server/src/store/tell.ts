import { appendAct } from './audit-store.ts'
import { audited, type Told } from './audited.ts'
import type { CommandName } from './commands.ts'
import type { Db } from './schema.ts'

/** Who has a command carried out, and when. */
export interface Actor {
  readonly by: string
  /** How it is known and from where; empty for the server itself. */
  readonly place: string
}

/** The server by itself: what nobody asked for just now. */
export const itself: Actor = { by: 'server', place: '' }

export interface Order {
  readonly name: CommandName
  readonly input: unknown
  readonly actor: Actor
  readonly at: string
}

/** Runs a command, and writes down what it did where it is an act: both are kept, or neither. */
export async function runTold(
  db: Db,
  { name, input, actor, at }: Order,
  run: (db: Db, input: unknown) => Promise<unknown>,
): Promise<unknown> {
  const told = audited[name] as Told<unknown> | undefined
  if (!told) return run(db, input)
  const before = await told.state?.(db, input)
  const output = await run(db, input)
  const after = told.state ? await told.state(db, input) : told.after?.(input, output)
  await appendAct(db, {
    at,
    by: told.by?.(input, output) || actor.by,
    place: actor.place,
    act: name === 'noteAct' ? (input as { act: string }).act : name,
    fleet: told.fleet?.(input, output) ?? '',
    subject: told.subject(input, output),
    before: toText(before),
    after: toText(after),
  })
  return output
}

function toText(value: unknown): string {
  return value === undefined || value === null ? '' : JSON.stringify(value)
}
