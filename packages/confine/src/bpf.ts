/** One instruction of classic BPF: `struct sock_filter` of linux/filter.h. */
export interface Instruction {
  readonly code: number
  readonly ifTrue: number
  readonly ifFalse: number
  readonly k: number
}

/** Instruction codes; classes, sizes and modes of linux/bpf_common.h, already added up. */
export const code = {
  load: 0x20, // BPF_LD | BPF_W | BPF_ABS
  and: 0x54, // BPF_ALU | BPF_AND | BPF_K
  always: 0x05, // BPF_JMP | BPF_JA
  ifEqual: 0x15, // BPF_JMP | BPF_JEQ | BPF_K
  ifAtLeast: 0x35, // BPF_JMP | BPF_JGE | BPF_K
  give: 0x06, // BPF_RET | BPF_K
} as const

/** Where `struct seccomp_data` of linux/seccomp.h keeps what a filter may look at. */
export const offset = {
  number: 0,
  architecture: 4,
  /** The low half of argument `i`; both architectures are little-endian. */
  low: (i: number): number => 16 + 8 * i,
  high: (i: number): number => 20 + 8 * i,
} as const

/** A run of instructions that ends in a verdict on every way through it. */
export type Program = readonly Instruction[]

export function load(at: number): Instruction {
  return { code: code.load, ifTrue: 0, ifFalse: 0, k: at }
}

export function and(mask: number): Instruction {
  return { code: code.and, ifTrue: 0, ifFalse: 0, k: mask }
}

export function give(verdict: number): Instruction {
  return { code: code.give, ifTrue: 0, ifFalse: 0, k: verdict }
}

/**
 * Goes on with `yes` or `no` by comparing what is loaded with `k`. A conditional jump reaches 255
 * instructions; a longer `no` is passed by an unconditional one.
 */
export function branch(
  test: 'ifEqual' | 'ifAtLeast',
  k: number,
  yes: Program,
  no: Program,
): Program {
  if (no.length <= 255) {
    return [{ code: code[test], ifTrue: no.length, ifFalse: 0, k }, ...no, ...yes]
  }
  const over = { code: code.always, ifTrue: 0, ifFalse: 0, k: no.length }
  return [{ code: code[test], ifTrue: 0, ifFalse: 1, k }, over, ...no, ...yes]
}

const longest = 4096 // BPF_MAXINSNS

/** The program as the kernel takes it: eight bytes an instruction, little-endian. */
export function toBytes(program: Program): Uint8Array {
  if (program.length > longest) throw new RangeError(`a filter of ${program.length} instructions`)
  const bytes = new DataView(new ArrayBuffer(program.length * 8))
  for (const [i, { code, ifTrue, ifFalse, k }] of program.entries()) {
    bytes.setUint16(i * 8, code, true)
    bytes.setUint8(i * 8 + 2, ifTrue)
    bytes.setUint8(i * 8 + 3, ifFalse)
    bytes.setUint32(i * 8 + 4, k >>> 0, true)
  }
  return new Uint8Array(bytes.buffer)
}
