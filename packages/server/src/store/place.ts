/** The database of a server that is given no other, in its folder. */
export const databaseName = 'steadfleet.db'

/** Beside a file that was moved to PostgreSQL: whoever serves it by mistake is told. */
export const movedName = 'moved.json'

/** Whether a place of a database is PostgreSQL's, and no file. */
export function isPostgresPlace(place: string): boolean {
  return /^postgres(ql)?:/.test(place)
}
