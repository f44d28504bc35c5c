import { leasesPlace } from './sandbox.ts'

/** What an app is told about itself. */
export interface EnvironmentFacts {
  readonly package: string
  readonly app: string
  readonly revision: number
  /** What its manifest declares. */
  readonly declared: Readonly<Record<string, string>>
}

/**
 * The whole environment of an app: nothing of the agent's own. The manifest may set everything but
 * the names that say who the app is and where its files are.
 */
export function toSandboxEnvironment(facts: EnvironmentFacts): Record<string, string> {
  return {
    HOME: '/data',
    LANG: 'C.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin',
    TMPDIR: '/tmp',
    ...facts.declared,
    STEADFLEET_APP: facts.app,
    STEADFLEET_DATA: '/data',
    STEADFLEET_LEASES: leasesPlace,
    STEADFLEET_PACKAGE: facts.package,
    STEADFLEET_REVISION: `${facts.revision}`,
    STEADFLEET_SETTINGS: '/settings.json',
  }
}
