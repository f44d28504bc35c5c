import { PackageURL } from 'packageurl-js'
import type { DebianComponent, NpmComponent } from './component.ts'

/** `pkg:deb/debian/mosquitto@2.0.11-1?arch=amd64&distro=bookworm`; purl-spec, type deb. */
export function debianUrl(component: DebianComponent): string {
  const { vendor, name, version, architecture, distribution } = component
  const qualifiers = { arch: architecture, distro: distribution }
  return new PackageURL('deb', vendor, name, version, qualifiers).toString()
}

/** `pkg:npm/%40scope/name@1.2.3`; purl-spec, type npm. */
export function npmUrl({ name, version }: NpmComponent): string {
  const slash = name.indexOf('/')
  const scope = slash < 0 ? undefined : name.slice(0, slash)
  return new PackageURL('npm', scope, name.slice(slash + 1), version).toString()
}

/** `pkg:generic/acme/greenhouse@1.0.0?arch=amd64`: a package of a Steadfleet publisher. */
export function releaseUrl(packageName: string, version: string, architecture: string): string {
  const [publisher, name = ''] = packageName.split('/')
  return new PackageURL('generic', publisher, name, version, { arch: architecture }).toString()
}
