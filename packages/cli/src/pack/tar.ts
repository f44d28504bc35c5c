import { BytesError, fromUtf8 } from '@steadfleet/base'
import { PackError } from './error.ts'
import { PieceReader } from './piece-reader.ts'

/** One member of a tar archive. Its content must be read, or left, before the next is asked for. */
export type TarEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link' | 'hard link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly mode: number
      readonly size: number
      readonly content: AsyncIterable<Uint8Array>
    }

const blockLength = 512

/**
 * Reads a tar archive as Debian's packages and container layers are written: POSIX ustar and pax
 * (IEEE Std 1003.1, pax), and GNU's long names. Paths come without a leading `./` or `/`. Device
 * nodes, pipes and GNU's sparse files are refused.
 */
export async function* readTar(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new PieceReader(bytes)
  let more: Partial<Header> = {}
  for (;;) {
    const block = await reader.exactly(blockLength)
    if (block.every(byte => byte === 0)) return reader.drain()
    const header = { ...readHeader(block), ...more }
    const extension = Object.hasOwn(extensions, header.type) ? extensions[header.type] : undefined
    if (extension) {
      const text = await readText(reader, header.size)
      more = { ...more, ...extension(text) }
      continue
    }
    more = {}
    const end = reader.position + paddedLength(header)
    const entry = toEntry(header, reader)
    if (entry) yield entry
    await reader.skipTo(end)
  }
}

interface Header {
  readonly path: string
  readonly target: string
  readonly type: string
  readonly mode: number
  readonly size: number
}

/** Members that tell of the next member what its own header can't hold. */
const extensions: Readonly<Record<string, (text: string) => Partial<Header>>> = {
  L: text => ({ path: upToNul(text) }),
  K: text => ({ target: upToNul(text) }),
  x: text => readPax(text),
  g: () => ({}),
}

function readHeader(block: Uint8Array): Header {
  const prefix = isUstar(block) ? textAt(block, 345, 155) : ''
  const name = textAt(block, 0, 100)
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    target: textAt(block, 157, 100),
    type: String.fromCharCode(block[156] ?? 0).replace('\0', '0'),
    mode: numberAt(block, 100, 8),
    size: numberAt(block, 124, 12),
  }
}

/** GNU's own magic ends in two spaces, and its prefix field holds times. */
function isUstar(block: Uint8Array): boolean {
  return textAt(block, 257, 6) === 'ustar'
}

function textAt(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  return decode(end < 0 ? field : field.subarray(0, end))
}

/** Octal text, or GNU's base-256 where the first bit is set: a file of 8 GiB and above. */
function numberAt(block: Uint8Array, at: number, length: number): number {
  const field = block.subarray(at, at + length)
  if (((field[0] ?? 0) & 0x80) === 0) return Number.parseInt(textAt(block, at, length) || '0', 8)
  return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0)
}

/** Records of `LENGTH KEY=VALUE\n`, where the length counts the bytes of the whole record. */
function readPax(text: string): Partial<Header> {
  const found = new Map<string, string>()
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    const [, length = '', key = ''] = /^(\d+) ([^=]+)=/.exec(rest.toString()) ?? []
    const end = Number(length)
    if (!(end > 0 && end <= rest.length)) {
      throw new PackError('pack/archive', 'cannot read archive: a pax record is damaged')
    }
    found.set(key, rest.subarray(length.length + key.length + 2, end - 1).toString())
    rest = rest.subarray(end)
  }
  const [path, target, size] = [found.get('path'), found.get('linkpath'), found.get('size')]
  return {
    ...(path === undefined ? {} : { path }),
    ...(target === undefined ? {} : { target }),
    ...(size === undefined ? {} : { size: Number(size) }),
  }
}

function toEntry(header: Header, reader: PieceReader): TarEntry | undefined {
  const { mode, size, target } = header
  const path = toTreePath(header.path)
  switch (header.type) {
    case '0':
    case '7':
      return { kind: 'file', path, mode, size, content: reader.take(size) }
    case '1':
      return { kind: 'hard link', path, target: toTreePath(target) }
    case '2':
      return { kind: 'link', path, target }
    case '5':
      return path === '' ? undefined : { kind: 'directory', path, mode }
  }
  const message = `cannot pack ${JSON.stringify(path)}: neither a file, a folder nor a link`
  throw new PackError('pack/special-file', message, { path, type: header.type })
}

function toTreePath(path: string): string {
  return path
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/')
}

/** Only a file's header tells how much follows it. */
function paddedLength({ type, size }: Header): number {
  return type === '0' || type === '7' ? Math.ceil(size / blockLength) * blockLength : 0
}

const longestText = 1024 * 1024

async function readText(reader: PieceReader, size: number): Promise<string> {
  if (!(size <= longestText)) {
    throw new PackError('pack/archive', `cannot read archive: a name of ${size} bytes`, { size })
  }
  const padded = await reader.exactly(Math.ceil(size / blockLength) * blockLength)
  return decode(padded.subarray(0, size))
}

function upToNul(text: string): string {
  return text.split('\0', 1)[0] ?? ''
}

function decode(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    const shown = Buffer.from(bytes).toString('latin1')
    const message = `cannot pack ${JSON.stringify(shown)}: its name is not UTF-8`
    throw new PackError('pack/name', message, { path: shown }, { cause })
  }
}
