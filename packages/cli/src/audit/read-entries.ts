import { parseStrictJson, toUtf8 } from '@steadfleet/base'
import { parserOf } from '@steadfleet/domain'
import { AuditEntry } from '@steadfleet/protocol'
import { CliError } from '../error.ts'

const parseEntry = parserOf('audit entry', AuditEntry)

/** No entry is longer: a body that the log repeats has 4 KB at most, twice. */
const longestLine = 1024 * 1024

/** The entries of an export in JSON lines. Errors: those of JSON and schema; `cli/damaged` for an endless line. */
export async function* readEntries(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<AuditEntry> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > longestLine) {
      throw new CliError('cli/damaged', 'cannot read the audit log: a line of it does not end')
    }
    for (const line of lines) yield parseEntry(parseStrictJson(toUtf8(line)))
  }
  if (rest !== '') yield parseEntry(parseStrictJson(toUtf8(rest)))
}
