import { publisherFor, type TrustPolicy } from '@steadfleet/trust'

/**
 * Whether a policy lets anybody bring more of a package, from any catalogue that it follows. What runs
 * of another one stays, and is told wherever the device is. docs/decisions/0020
 */
export function mayBring(policy: TrustPolicy, packageName: string): boolean {
  return policy.catalogues.some(({ name }) => publisherFor(policy, name, packageName) !== undefined)
}
