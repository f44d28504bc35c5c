import { PackError } from './error.ts'

/** One fault of a manifest, where an editor shows it: lines and columns count from one. */
export interface ManifestFault {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Raised for a manifest that is not one; it tells every fault, a line each. */
export class ManifestError extends PackError {
  readonly faults: readonly ManifestFault[]

  constructor(name: string, faults: readonly ManifestFault[]) {
    const lines = faults.map(fault => `${name}:${fault.line}:${fault.column}: ${fault.message}`)
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`
    super('manifest/fault', [`cannot read ${name}: ${count}`, ...lines].join('\n'), {
      faults: lines,
    })
    this.faults = faults
  }
}
