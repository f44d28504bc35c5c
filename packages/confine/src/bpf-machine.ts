import { code } from './bpf.ts'

/** What the kernel shows a filter of one system call: `struct seccomp_data` of linux/seccomp.h. */
export interface Call {
  readonly architecture: number
  readonly number: number
  readonly args: readonly bigint[]
}

/** Runs a filter over one call as the kernel would; the tests' second opinion on what is made. */
export function verdictOn(filter: Uint8Array, call: Call): number {
  const view = new DataView(filter.buffer, filter.byteOffset, filter.byteLength)
  const data = toCallData(call)
  let [at, loaded] = [0, 0]
  for (;;) {
    const instruction = view.getUint16(at * 8, true)
    const k = view.getUint32(at * 8 + 4, true)
    if (instruction === code.give) return k
    loaded = compute(instruction, loaded, k, data)
    at += 1 + jumpOf(instruction, loaded, view, at)
  }
}

function compute(instruction: number, loaded: number, k: number, data: DataView): number {
  if (instruction === code.load) return data.getUint32(k, true)
  return instruction === code.and ? (loaded & k) >>> 0 : loaded
}

/** How many instructions are passed over after the one at `at`. */
function jumpOf(instruction: number, loaded: number, view: DataView, at: number): number {
  const k = view.getUint32(at * 8 + 4, true)
  if (instruction === code.load || instruction === code.and) return 0
  if (instruction === code.always) return k
  return view.getUint8(at * 8 + (isMet(instruction, loaded, k) ? 2 : 3))
}

const ifAbove = 0x25 // BPF_JMP | BPF_JGT | BPF_K, which libseccomp writes

function isMet(instruction: number, loaded: number, k: number): boolean {
  if (instruction === code.ifEqual) return loaded === k
  if (instruction === code.ifAtLeast) return loaded >= k
  if (instruction === ifAbove) return loaded > k
  throw new RangeError(`an instruction that no filter here has: 0x${instruction.toString(16)}`)
}

function toCallData({ architecture, number, args }: Call): DataView {
  const data = new DataView(new ArrayBuffer(64))
  data.setUint32(0, number, true)
  data.setUint32(4, architecture, true)
  for (const [i, arg] of args.entries()) data.setBigUint64(16 + 8 * i, arg, true)
  return data
}
