/** The database of a server that is given no other, in its folder. */
export const databaseName = 'steadfleet.db'

/** Whether a place of a database is PostgreSQL's, and no file. */
export function isPostgresPlace(place: string): boolean {
  return /^postgres(ql)?:/.test(place)
}
