/** The content of an object: in memory, or in a file of this machine. */
export type ObjectContent =
  | { readonly length: number; readonly bytes: Uint8Array }
  | { readonly length: number; readonly file: string }
