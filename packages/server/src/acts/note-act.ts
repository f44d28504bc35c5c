import type { Db } from '../store/schema.ts'

/** An act whose effect lies elsewhere than in the database: in signed files, in the signer. */
export interface NotedAct {
  readonly act: string
  readonly fleet: string
  readonly subject: string
  readonly after: unknown
}

/** Changes nothing: that it is told is all there is to it. */
export async function noteAct(_db: Db, _act: NotedAct): Promise<void> {
  // The writer tells it, as it tells every command of the audited ones.
}
