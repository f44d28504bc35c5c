const sizes = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

/** A number of bytes for people, in decimal units: "412 bytes", "1.2 MB". */
export function toSize(bytes: number): string {
  const step = Math.min(sizes.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3))
  const value = bytes / 1000 ** step
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${sizes[step]}`
}

/** The first twelve digits of a digest: enough to tell two apart on a screen, never to verify. */
export function toShortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}

/** A count with its noun: "1 device", "3 devices". */
export function toCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Names as a sentence holds them: "fig", "fig and oak", "fig, oak and 3 more". */
export function toList(names: readonly string[], most = 4): string {
  const shown = names.length > most ? names.slice(0, most - 1) : names
  const rest = names.length - shown.length
  const parts = rest > 0 ? [...shown, `${rest} more`] : shown
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

/** A message of the platform as a sentence begins: a large first letter, unless a name comes first. */
export function toSentence(message: string): string {
  const isWord = /^[a-z]+(?![\w/-])/.test(message)
  return isWord ? message.charAt(0).toUpperCase() + message.slice(1) : message
}

/** The part of a package's name after its publisher. */
export function toShortPackage(name: string): string {
  return name.split('/')[1] ?? name
}
