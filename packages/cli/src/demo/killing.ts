import { setTimeout as wait } from 'node:timers/promises'
import type { Say } from '../progress.ts'
import { check } from './check.ts'
import { askGreenhouse } from './http.ts'
import type { Actor, Stage } from './stage.ts'

/** Point 7: the agent dies by SIGKILL, its app answers without a break, the next agent adopts it. */
export async function killAgent(stage: Stage, say: Say): Promise<string> {
  const actor = stage.actors.at(-1)
  if (!actor) throw new RangeError('the story has devices')
  const before = await askGreenhouse(actor.url)
  await using asking = askAllTheTime(actor.url)
  await killAndReplace(stage, actor, say)
  const { asked, failed } = await asking.end()
  const after = await askGreenhouse(actor.url)
  check(failed === 0, 'the app answered without a break', `${failed} of ${asked} requests failed`)
  const same = after.started === before.started && after.process === before.process
  check(same, 'the app is the very one', `it began ${before.started} and then ${after.started}`)
  return `${asked} requests, none failed; the app runs since ${after.started}`
}

async function killAndReplace(stage: Stage, actor: Actor, say: Say): Promise<void> {
  const agent = stage.agentOf(actor)
  agent.signal('SIGKILL')
  await agent.ended
  say(`agent ${agent.pid} of ${actor.name} is gone; its app is asked on`)
  await wait(500)
  const next = await stage.startAgent(actor)
  say(`agent ${next.pid} has taken over`)
  const isBack = async () => ((await stage.deviceOf(actor)).online ? true : undefined)
  await stage.watch.until('the next agent online', isBack, say)
}

interface Asking extends AsyncDisposable {
  end(): Promise<{ asked: number; failed: number }>
}

/** Asks again and again until told to end; counts what was not answered. */
function askAllTheTime(url: string): Asking {
  let isOver = false
  let [asked, failed] = [0, 0]
  const asking = (async () => {
    while (!isOver) {
      asked += 1
      await askGreenhouse(url).catch(() => {
        failed += 1
      })
      await wait(20)
    }
  })()
  const end = async () => {
    isOver = true
    await asking
    return { asked, failed }
  }
  return { end, [Symbol.asyncDispose]: async () => void (await end()) }
}
