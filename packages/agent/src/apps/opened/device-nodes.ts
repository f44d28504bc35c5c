import { lstatSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { DevicePattern, UsbDevice } from '@steadfleet/confine'
import { readIfThere } from '../files.ts'
import { matching } from './patterns.ts'

/** A character device that an app has: its name below /dev, its numbers, and who may do what with it. */
export interface DeviceNode {
  readonly name: string
  readonly major: number
  readonly minor: number
  readonly mode: number
}

/** What every app has in its /dev. */
const plain = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map(name => ({
  path: `/dev/${name}`,
}))

/** The nodes that these patterns find on the device now; by name, each once. */
export function nodesOf(
  patterns: readonly DevicePattern[],
  sysfs: string,
): Map<string, DeviceNode> {
  const found = [...plain.flatMap(find(0o666, sysfs)), ...patterns.flatMap(find(0o600, sysfs))]
  return new Map(found.map(node => [node.name, node]))
}

function find(mode: number, sysfs: string) {
  return ({ path, access, usb }: DevicePattern): DeviceNode[] =>
    matching(path).flatMap(at => {
      const stat = statOf(at)
      if (!stat?.isCharacterDevice()) return []
      const [major, minor] = numbersOf(stat.rdev)
      if (usb && !usb.some(one => isUsb(one, join(sysfs, 'dev/char', `${major}:${minor}`))))
        return []
      const own = access === 'read' ? mode & 0o444 : mode
      return [{ name: at.slice('/dev/'.length), major, minor, mode: own }]
    })
}

/** Numbers of a device as the C library packs them. makedev(3) */
export function numbersOf(rdev: number): [major: number, minor: number] {
  const wide = BigInt(rdev)
  const major = ((wide >> 8n) & 0xfffn) | ((wide >> 32n) & 0xfffff000n)
  const minor = (wide & 0xffn) | ((wide >> 12n) & 0xffffff00n)
  return [Number(major), Number(minor)]
}

/** Whether a folder of sysfs says of its device that it is of this vendor and product. */
function isUsb({ vendor, product }: UsbDevice, folder: string): boolean {
  const about = (name: string) => readIfThere(join(folder, name))?.trim()
  return about('idVendor') === vendor && (product === undefined || about('idProduct') === product)
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}
