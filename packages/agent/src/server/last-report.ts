import type { StateReport } from '@steadfleet/domain'

/** A signed report is evidence of its time, so what holds unchanged is signed again after so long. */
const longestMs = 6 * 3_600_000

/** The last report that the server took: what still holds of it need not be said again. */
export class LastReport {
  #content = ''
  #sequence = 0
  #at = 0

  /** Its number, where `report` says the same, names no events, and it was said not long ago. */
  numberOf(report: StateReport, now: Date): number | undefined {
    const isRecent = Math.abs(now.getTime() - this.#at) < longestMs
    return isRecent && contentOf(report) === this.#content ? this.#sequence : undefined
  }

  keep(report: StateReport, now: Date): void {
    this.#content = contentOf(report)
    this.#sequence = report.sequence
    this.#at = now.getTime()
  }

  forget(): void {
    this.#content = ''
  }
}

/** All of a report but what differs each time. */
function contentOf(report: StateReport): string {
  return JSON.stringify({ ...report, sequence: 0, at: '' })
}
