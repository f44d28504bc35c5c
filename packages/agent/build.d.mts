import type { Plugin } from 'esbuild'

/** Builds the agent into one file. */
export function buildAgent(outfile: string, plugins?: readonly Plugin[]): Promise<void>
