import { closeSync, openSync, writeSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { CliError } from '../error.ts'

const enters = ['\r', '\n', '\u0004']
const erasers = ['\u007f', '\b']
const interrupt = '\u0003'

/**
 * Asks at the terminal of this process, wherever its input and output go, and shows nothing of what
 * is typed. Undefined where there is no terminal.
 */
export async function askUnseen(prompt: string): Promise<string | undefined> {
  const screen = openTerminal('w')
  const keyboard = openTerminal('r')
  if (screen === undefined || keyboard === undefined) return undefined
  const keys = new ReadStream(keyboard)
  try {
    keys.setRawMode(true)
    writeSync(screen, prompt)
    return await lineFrom(keys.iterator({ destroyOnReturn: false }))
  } finally {
    writeSync(screen, '\n')
    closeSync(screen)
    keys.setRawMode(false)
    keys.destroy()
  }
}

async function lineFrom(keys: AsyncIterable<Buffer>): Promise<string> {
  const decoder = new TextDecoder()
  const line: string[] = []
  for await (const chunk of keys) {
    const typed = [...decoder.decode(chunk, { stream: true })]
    const end = typed.findIndex(key => enters.includes(key))
    for (const key of end < 0 ? typed : typed.slice(0, end)) press(line, key)
    if (end >= 0) break
  }
  return line.join('')
}

function press(line: string[], key: string): void {
  if (key === interrupt) throw new CliError('cli/interrupted', 'cannot finish: interrupted')
  if (erasers.includes(key)) line.pop()
  else line.push(key)
}

function openTerminal(way: 'r' | 'w'): number | undefined {
  try {
    return openSync('/dev/tty', way)
  } catch {
    // The other way: whoever has no terminal gives a descriptor or sets the environment.
    return undefined
  }
}
