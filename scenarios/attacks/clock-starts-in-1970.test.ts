import { attack } from './attack.ts'
import { freeze, noSignedTime } from './frozen.ts'

attack(
  freeze('freeze of a device whose clock starts in 1970', '@1970-01-01 00:00:00', noSignedTime),
)
