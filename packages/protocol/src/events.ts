/** One event of a stream: its name, its text, and its id where it has one. */
export interface ServerEvent {
  readonly event: string
  readonly data: string
  readonly id?: string
}

/** The longest line of a stream; a longer one ends it. */
const lineLimit = 1024 * 1024

/** Writes one event as `text/event-stream`. HTML §9.2 */
export function toEventText({ event, data, id }: ServerEvent): string {
  const lines = data.split('\n').map(line => `data: ${line}`)
  return [`event: ${event}`, ...(id === undefined ? [] : [`id: ${id}`]), ...lines, '', ''].join(
    '\n',
  )
}

/** Reads a stream of events. Comments, which keep the connection warm, are skipped. HTML §9.2.6 */
export async function* readEvents(bytes: AsyncIterable<Uint8Array>): AsyncIterable<ServerEvent> {
  let fields = new Map<string, string>()
  for await (const line of linesOf(bytes)) {
    if (line !== '') {
      addField(fields, line)
      continue
    }
    const event = eventOf(fields)
    fields = new Map()
    if (event) yield event
  }
}

function eventOf(fields: ReadonlyMap<string, string>): ServerEvent | undefined {
  const data = fields.get('data')
  const id = fields.get('id')
  if (data === undefined) return undefined
  return { event: fields.get('event') ?? 'message', data, ...(id !== undefined && { id }) }
}

function addField(fields: Map<string, string>, line: string): void {
  const colon = line.indexOf(':')
  if (colon === 0) return
  const name = colon < 0 ? line : line.slice(0, colon)
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
  const before = name === 'data' ? fields.get('data') : undefined
  fields.set(name, before === undefined ? value : `${before}\n${value}`)
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    if (rest.length > lineLimit) return
    yield* lines
  }
}
