import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { Tone } from '../tone.ts'

/** An icon on a soft square in the colour of its tone; text beside it says what it means. */
export function Mark({ icon: Glyph, tone }: { icon: Icon; tone: Tone }): ReactNode {
  return (
    <span className="mark" data-tone={tone} aria-hidden="true">
      <Glyph size={18} stroke={1.8} />
    </span>
  )
}
