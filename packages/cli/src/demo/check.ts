import { CliError } from '../error.ts'

/** Refuses what should be so and is not; `fact` says what was found. */
export function check(holds: boolean, what: string, fact: string): asserts holds {
  if (!holds) throw new CliError('cli/demo', `cannot confirm that ${what}: ${fact}`)
}
