import type { Architecture, InterfaceRequest } from '@steadfleet/domain'
import { and, branch, give, load, offset, type Program, toBytes } from './bpf.ts'
import { syscalls } from './generated/syscalls.ts'
import type { Effect } from './interfaces/effect.ts'
import { effectOf } from './interfaces/request.ts'
import {
  absentCalls,
  allowedCalls,
  type Condition,
  conditionalCalls,
  errno,
  type FilterParts,
} from './syscall-rules.ts'

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 of linux/audit.h. */
const auditArchitecture: Readonly<Record<Architecture, number>> = {
  amd64: 0xc000003e,
  arm64: 0xc00000b7,
}

/** Verdicts of linux/seccomp.h. */
export const verdict = {
  allow: 0x7fff0000,
  kill: 0x80000000,
  errno: (number: number): number => 0x00050000 | number,
} as const

const refused: Program = [give(verdict.errno(errno.EPERM))]
const absent: Program = [give(verdict.errno(errno.ENOSYS))]
const allowed: Program = [give(verdict.allow)]

/**
 * The system call filter of a sandbox that these requests open, as the kernel takes it: an allowlist.
 * A call that is not listed gets EPERM, one that this table does not know yet gets ENOSYS (so that
 * a newer libc takes its older way), a call of a foreign architecture or of x32 ends the process.
 */
export function toSeccompFilter(
  architecture: Architecture,
  opened: readonly InterfaceRequest[],
): Uint8Array {
  const decide = toTree(rangesOf(programsByNumber(architecture, opened)))
  const native: Program = [load(offset.number), ...refuseX32(architecture, decide)]
  return toBytes([
    load(offset.architecture),
    ...branch('ifEqual', auditArchitecture[architecture], native, [give(verdict.kill)]),
  ])
}

/** x32 calls carry this bit under the architecture of x86-64; no number above it is a call. */
const x32Bit = 0x40000000

function refuseX32(architecture: Architecture, decide: Program): Program {
  if (architecture !== 'amd64') return decide
  return branch('ifAtLeast', x32Bit, [give(verdict.kill)], decide)
}

/** For each known call its program; what has none is refused. */
function programsByNumber(
  architecture: Architecture,
  opened: readonly InterfaceRequest[],
): Map<number, Program> {
  const numbers: Readonly<Record<string, number>> = syscalls[architecture]
  const programs = new Map(Object.values(numbers).map(number => [number, refused]))
  // A name that one architecture has and the other has not (`open`, `fork`) has no number there.
  const put = (name: string, program: Program) => {
    const number = numbers[name]
    if (number !== undefined) programs.set(number, program)
  }
  for (const name of allowedCalls) put(name, allowed)
  for (const name of absentCalls) put(name, absent)
  const parts = filterParts(opened)
  for (const name of parts.syscalls) put(name, allowed)
  const conditional = conditionalCalls(parts)
  for (const [name, conditions] of Object.entries(conditional)) {
    put(name, conditions.reduceRight(askFirst, allowed))
  }
  return programs
}

/** What all the requests open of the filter; the same whatever their order. */
export function filterParts(opened: readonly InterfaceRequest[]): FilterParts {
  const effects = opened.map(effectOf)
  const all = <T extends string | number>(
    part: (effect: Effect) => readonly T[] | undefined,
  ): T[] =>
    [...new Set(effects.flatMap(effect => part(effect) ?? []))].sort((a, b) => (a < b ? -1 : 1))
  return {
    families: all(effect => effect.families),
    socketTypes: all(effect => effect.socketTypes),
    protocols: all(effect => effect.protocols),
    syscalls: all(effect => effect.syscalls),
    hugePages: effects.some(effect => effect.hugePages),
  }
}

/** The program that asks `condition` before it goes on with `next`. */
function askFirst(next: Program, condition: Condition): Program {
  const no = [give(verdict.errno(condition.errno))]
  const [onMatch, onOther] = condition.refuses ? [no, next] : [next, no]
  const compare = condition.values.reduceRight<Program>(
    (rest, value) => branch('ifEqual', value, onMatch, rest),
    onOther,
  )
  const low = [load(offset.low(condition.argument)), and(condition.mask), ...compare]
  if (!condition.wide) return low
  return [load(offset.high(condition.argument)), ...branch('ifEqual', 0, low, no)]
}

interface Range {
  readonly from: number
  readonly program: Program
}

/** Neighbouring calls of one program as one range; a hole is refused, what lies above is absent. */
function rangesOf(programs: ReadonlyMap<number, Program>): Range[] {
  const end = Math.max(...programs.keys()) + 1
  const ranges: Range[] = []
  for (let number = 0; number <= end; number += 1) {
    const program = number === end ? absent : (programs.get(number) ?? refused)
    if (ranges.at(-1)?.program !== program) ranges.push({ from: number, program })
  }
  return ranges
}

/** A binary search over the ranges: some eight comparisons a call instead of hundreds. */
function toTree(ranges: readonly Range[]): Program {
  const middle = ranges[Math.floor(ranges.length / 2)]
  if (middle === undefined || ranges.length === 1) return ranges[0]?.program ?? absent
  const at = ranges.indexOf(middle)
  return branch('ifAtLeast', middle.from, toTree(ranges.slice(at)), toTree(ranges.slice(0, at)))
}
