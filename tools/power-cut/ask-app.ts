import { get } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { historyOf, wordsIn } from './releases.ts'

const patienceMs = 120_000

/** Asks the app of a package for the words in its data, again and again until it answers. */
export async function askApp(name: string, port: number): Promise<string[]> {
  const until = performance.now() + patienceMs
  for (;;) {
    const words = await askOnce(port, historyOf(name))
    if (words) return words
    if (performance.now() > until) throw new Error(`nobody answers on port ${port}`)
    await wait(20)
  }
}

function askOnce(port: number, file: string): Promise<string[] | undefined> {
  return new Promise(resolve => {
    const options = { host: '127.0.0.1', port, path: `/${file}`, agent: false, timeout: 2000 }
    const request = get(options, response => {
      let text = ''
      response.setEncoding('utf8').on('data', piece => {
        text += piece
      })
      response.on('end', () => resolve(response.statusCode === 200 ? wordsIn(text) : undefined))
      response.on('error', () => resolve(undefined))
    })
    request.on('error', () => resolve(undefined))
    request.on('timeout', () => request.destroy())
  })
}
