import type { Db } from '../store/schema.ts'
import { markAllDue } from './due.ts'

/** Notes the keys that devices know this server by; where they are others than before, every order says so. */
export async function noteServerKeys(
  db: Db,
  { keys }: { readonly keys: readonly string[] },
): Promise<void> {
  const value = JSON.stringify(keys)
  const held = await db
    .selectFrom('fact')
    .select('value')
    .where('name', '=', 'server-keys')
    .executeTakeFirst()
  if ((held?.value ?? '[]') === value) return
  await db
    .insertInto('fact')
    .values({ name: 'server-keys', value })
    .onConflict(conflict => conflict.column('name').doUpdateSet({ value }))
    .execute()
  await markAllDue(db, {})
}
