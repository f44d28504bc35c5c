import { type Health, type HealthPoints, healthMetrics, mergeHealth } from '@steadfleet/domain'

/** Samples are put together to points of so long. */
const pointMs = 300_000
/** As many points as a day has. Where more wait, each two neighbours become one: coarser, and never more. */
const mostPoints = 288

interface Point {
  readonly health: Health
  readonly weight: number
  /** By the monotonic clock. */
  readonly endedAt: number
}

/** What a device measured and the server has not heard yet: bounded, however long the server is away. */
export class HealthRing {
  #points: Point[] = []
  #open: Point | undefined
  #openedAt = 0

  add(health: Health, now: number): void {
    this.#openedAt = this.#open ? this.#openedAt : now
    const fresh = { health, weight: 1, endedAt: now }
    this.#open = this.#open ? joined(this.#open, fresh) : fresh
    if (now - this.#openedAt < pointMs) return
    this.#points.push(this.#open)
    this.#open = undefined
    if (this.#points.length > mostPoints) this.#points = inPairs(this.#points)
  }

  /** All points that are whole, as they are sent; the oldest first. */
  waiting(now: number): HealthPoints {
    return this.#points.map(({ health, endedAt }) => {
      const age = Math.max(0, Math.round((now - endedAt) / 1000))
      return [age, ...healthMetrics.map(metric => health[metric])]
    })
  }

  /** The server has the oldest `count` of them. */
  forget(count: number): void {
    this.#points.splice(0, count)
  }
}

function inPairs(points: readonly Point[]): Point[] {
  return points.flatMap((point, i) => {
    const next = points[i + 1]
    if (i % 2 === 1) return []
    return [next ? joined(point, next) : point]
  })
}

function joined(one: Point, other: Point): Point {
  const health = mergeHealth(one.health, one.weight, other.health, other.weight)
  return { health, weight: one.weight + other.weight, endedAt: other.endedAt }
}
