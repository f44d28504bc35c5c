import type { DeviceEvent, DeviceId, StateReport } from '@steadfleet/domain'
import type { SessionUse } from './device-session.ts'

/** What a device says in one check-in, whatever it says of its state. */
interface Told {
  readonly device: DeviceId
  /** The session that the request was signed in; absent where the device's own key signed it. */
  readonly session?: SessionUse
  readonly events: readonly DeviceEvent[]
  readonly now: string
  /** Orders issued before this are renewed while the device has not taken them. */
  readonly renewBefore: string
}

/** With a new report. */
export interface CheckIn extends Told {
  /** Verified: the device signed it. */
  readonly report: StateReport
  /** The envelope it came in, as JSON text: the proof of what it says. */
  readonly envelope: string
}

/** With the number of the last report, which still holds. */
export interface Unchanged extends Told {
  readonly unchanged: number
}
