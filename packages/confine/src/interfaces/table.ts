import { ConfineError } from '../error.ts'
import { deviceInterfaces } from './devices.ts'
import type { Interface } from './interface.ts'
import { networkInterfaces } from './network.ts'
import { sharingInterfaces } from './sharing.ts'
import { systemInterfaces } from './system.ts'

/** Every interface that a manifest may request. What is not listed here is never opened. */
export const interfaces = {
  ...networkInterfaces,
  ...deviceInterfaces,
  ...systemInterfaces,
  ...sharingInterfaces,
} as const

export type InterfaceName = keyof typeof interfaces

/** The names of all interfaces, sorted. */
export const interfaceNames: readonly string[] = Object.keys(interfaces).sort()

/** Whether this version knows what the interface opens. */
export function isInterface(name: string): name is InterfaceName {
  return Object.hasOwn(interfaces, name)
}

/** The row of an interface; refuses a name that has none, since nothing is known of what it opens. */
export function interfaceNamed(name: string): Interface {
  if (isInterface(name)) return interfaces[name]
  const message = `cannot open interface ${name}: there is none of that name`
  throw new ConfineError('confine/unknown-interface', message, { name, known: interfaceNames })
}
