import type { InterfaceRequest } from '@steadfleet/domain'
import { ConfineError } from './error.ts'

/** What confinement can open, as data: a new interface is a new row. */
export interface Interface {
  readonly title: string
  /** What an app can reach that it could not without; shown to whoever grants it. */
  readonly opens: string
  readonly risk: 'low' | 'medium' | 'high'
  /** Whether an owner who says nothing grants it when a package requests it. */
  readonly default: 'granted' | 'refused'
  readonly sandbox: SandboxPart
  readonly filter: FilterPart
}

/** The part of the sandbox that an interface changes. */
export interface SandboxPart {
  /** The app lives in the device's network namespace, not in an empty one. */
  readonly sharesNetwork?: boolean
}

/** The part of the system call filter that an interface changes. */
export interface FilterPart {
  /** Address families of socket(2) beyond AF_UNIX. */
  readonly families?: readonly AddressFamily[]
}

export type AddressFamily = 'inet' | 'inet6'

const network = {
  sandbox: { sharesNetwork: true },
  filter: { families: ['inet', 'inet6'] },
} as const

/** Every interface that a manifest may request. What is not listed here is never opened. */
export const interfaces = {
  agent: {
    title: 'Device agent',
    opens: 'being the agent of the device: it runs outside every sandbox, and starts all others',
    risk: 'high',
    default: 'refused',
    sandbox: {},
    filter: {},
  },
  network: {
    title: 'Network',
    opens: "connections to anywhere; shares the device's network with everything on it",
    risk: 'medium',
    default: 'granted',
    ...network,
  },
  'network-listen': {
    title: 'Network services',
    opens: "listening on ports; shares the device's network with everything on it",
    risk: 'medium',
    default: 'granted',
    ...network,
  },
} as const satisfies Readonly<Record<string, Interface>>

export type InterfaceName = keyof typeof interfaces

/** The names of all interfaces, sorted. */
export const interfaceNames: readonly string[] = Object.keys(interfaces).sort()

/** The row of an interface; refuses a name that has none, since nothing is known of what it opens. */
export function interfaceNamed(name: string): Interface {
  if (Object.hasOwn(interfaces, name)) return interfaces[name as InterfaceName]
  const message = `cannot open interface ${name}: there is none of that name`
  throw new ConfineError('confine/unknown-interface', message, { name, known: interfaceNames })
}

/** For each interface, the packages that may ever have it; `*` stands for all. */
export type Ceiling = ReadonlyMap<string, readonly string[]>

/**
 * What of a manifest's requests counts: requested by the publisher, granted by the owner's order,
 * and under the ceiling that the owner root signed. Sorted; unknown requests are refused.
 */
export function allowedInterfaces(
  requested: readonly InterfaceRequest[],
  granted: readonly string[],
  ceiling: Ceiling,
  packageName: string,
): string[] {
  const names = new Set(requested.map(request => request.interface))
  for (const name of names) interfaceNamed(name)
  return [...names]
    .filter(name => granted.includes(name) && isUnderCeiling(ceiling.get(name), packageName))
    .sort()
}

function isUnderCeiling(packages: readonly string[] | undefined, packageName: string): boolean {
  return packages?.some(one => one === '*' || one === packageName) ?? false
}
