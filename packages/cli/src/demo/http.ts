import { CliError } from '../error.ts'

/** What the greenhouse says of itself. */
export interface Greenhouse {
  readonly version: string
  /** When this run of it began, and its process number inside the sandbox: both change if it restarts. */
  readonly started: string
  readonly process: number
  readonly count: number
}

/** Asks a device's app, as anyone in its network may. */
export async function askGreenhouse(url: string): Promise<Greenhouse> {
  const reply = await fetch(`${url}/readings`, { signal: AbortSignal.timeout(2000) })
  if (!reply.ok) throw new CliError('cli/demo', `cannot ask ${url}: status ${reply.status}`)
  return (await reply.json()) as Greenhouse
}

/** The answer, or undefined while nobody answers. */
export async function tryGreenhouse(url: string): Promise<Greenhouse | undefined> {
  try {
    return await askGreenhouse(url)
  } catch {
    return undefined // not yet is an answer here; whoever waits gives up at a bound
  }
}
