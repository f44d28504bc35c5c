import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'

/**
 * Says how each line that it reads came out, and what it said, until there are no more. Who tells a run to
 * end may tell all of its processes: this one is needed until the last.
 */
const loop = `trap '' INT TERM; while IFS= read -r line; do said=$(eval "$line" 2>&1); printf '%s %s\\0' "$?" "$said"; done`

/** Runs tools from a small process, one after the other: to fork a large one costs more than most tools do. */
class HostShell {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting: ((answer: string) => void)[] = []
  #read = ''

  constructor() {
    this.#child = spawn('sh', ['-c', loop])
    this.#child.stdout.setEncoding('utf8').on('data', text => this.#take(text))
  }

  run(tool: string, args: readonly string[]): Promise<string> {
    const line = [tool, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#waiting.push(resolve)
    this.#child.stdin.write(`${line}\n`)
    return promise.then(answer => {
      const [status = '', ...said] = answer.split(' ')
      if (status === '0') return said.join(' ')
      throw new Error(`cannot run ${tool}: ${said.join(' ')}`)
    })
  }

  end(): void {
    this.#child.stdin.end()
  }

  #take(text: string): void {
    const answers = (this.#read + text).split('\0')
    this.#read = answers.pop() ?? ''
    for (const answer of answers) this.#waiting.shift()?.(answer)
  }
}

let shell: HostShell | undefined

/** Runs a tool of the system and yields what it said; that is the error's message where it fails. */
export function runTool(tool: string, args: readonly string[]): Promise<string> {
  shell ??= new HostShell()
  return shell.run(tool, args)
}

/** Ends what {@link runTool} began. */
export function endTools(): void {
  shell?.end()
  shell = undefined
}
