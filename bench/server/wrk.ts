import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What `wrk` found, in requests each second and milliseconds. */
export interface Load {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly requests: number
  /** Replies that were no success, and connections that broke. */
  readonly refused: number
}

const run = promisify(execFile)

/** Asks as fast as it is answered, over so many connections, on one thread. */
export async function load(
  url: string,
  { connections, seconds, script = [] }: Asked,
): Promise<Load> {
  const words = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '10s']
  const [file, ...args] = script
  const by = file === undefined ? [] : ['-s', file]
  const { stdout } = await run('wrk', [...words, ...by, url, ...(file ? ['--', ...args] : [])])
  return readReport(stdout)
}

export interface Asked {
  readonly connections: number
  readonly seconds: number
  /** A script of Lua, and what it is given. */
  readonly script?: readonly string[]
}

function readReport(text: string): Load {
  const found = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? '0'
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)
  const errors = (broken?.slice(1) ?? []).reduce((sum, one) => sum + Number(one), 0)
  return {
    rate: Number(found(/Requests\/sec:\s+([\d.]+)/)),
    p50: milliseconds(found(/50%\s+(\S+)/)),
    p99: milliseconds(found(/99%\s+(\S+)/)),
    requests: Number(found(/(\d+) requests in/)),
    refused: Number(found(/Non-2xx or 3xx responses: (\d+)/)) + errors,
  }
}

const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }

function milliseconds(text: string): number {
  const [, value = '0', unit = 'ms'] = /^([\d.]+)(us|ms|s|m)$/.exec(text) ?? []
  return Number(value) * (units[unit] ?? 1)
}
