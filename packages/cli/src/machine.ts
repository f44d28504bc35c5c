import type { Architecture } from '@steadfleet/domain'
import { CliError } from './error.ts'

const architectures: Readonly<Record<string, Architecture>> = { x64: 'amd64', arm64: 'arm64' }

/** The architecture of this machine, in Debian's words. */
export function ownArchitecture(): Architecture {
  const found = architectures[process.arch]
  if (found) return found
  throw new CliError('cli/usage', `cannot name the architecture of this machine: ${process.arch}`)
}

/** An architecture that was typed. */
export function parseArchitecture(typed: string): Architecture {
  if (typed === 'amd64' || typed === 'arm64') return typed
  const message = `cannot read ${JSON.stringify(typed)} as an architecture: not amd64 or arm64`
  throw new CliError('cli/usage', message)
}
