import { readFileSync } from 'node:fs'

const usualName = 'steadfleet'

/**
 * The number of the group whose members use this device: by its name, or the usual one where there is
 * such a group. group(5)
 */
export function findGroup(
  name: string | undefined,
  warn: (message: string) => void,
  file = '/etc/group',
): number | undefined {
  const found = linesOf(file).find(([one]) => one === (name ?? usualName))?.[2]
  if (found !== undefined && /^\d{1,9}$/.test(found)) return Number(found)
  if (name !== undefined)
    warn(`cannot find the group ${name}: only the owner may speak with the agent`)
  return undefined
}

function linesOf(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map(line => line.split(':'))
  } catch (error) {
    if (error instanceof Error && 'code' in error) return []
    throw error
  }
}
