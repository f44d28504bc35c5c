import { execFile } from 'node:child_process'
import { findProgram } from '../apps/host-programs.ts'
import { NetworkError } from './error.ts'

/** Programs of the device that its networks are made with. */
export interface Tools {
  readonly ip: string
  readonly nft: string
  readonly nsenter: string
}

/** The tools of this device, or the name of the first that it lacks. */
export function findTools(): Tools | string {
  const [ip, nft, nsenter] = ['ip', 'nft', 'nsenter'].map(findProgram)
  if (ip === undefined) return 'ip (package iproute2)'
  if (nft === undefined) return 'nft (package nftables)'
  if (nsenter === undefined) return 'nsenter (package util-linux)'
  return { ip, nft, nsenter }
}

export const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

/** Runs a program to its end with `input`, and gives what it said. */
export function runTool(program: string, args: readonly string[], input = ''): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const options = { env: environment, maxBuffer: 64 * 1024 * 1024, timeout: 30_000 }
  const child = execFile(program, args, options, (cause, said, complaint) => {
    if (cause) reject(refusal(program, complaint || cause.message, cause))
    else resolve(said)
  })
  // What ends before it has read its input says so by its status.
  child.stdin?.on('error', () => undefined).end(input)
  return promise
}

/** In one line: the first that it complained of. */
export function refusal(program: string, complaint: string, cause?: unknown): NetworkError {
  const line = complaint.trim().split('\n')[0] ?? ''
  const tool = program.slice(program.lastIndexOf('/') + 1)
  const message = `cannot set up a package's network: ${tool} says ${line.slice(0, 300)}`
  return new NetworkError('network/tool', message, { tool }, { cause })
}
