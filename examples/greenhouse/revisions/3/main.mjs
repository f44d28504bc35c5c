import { openGreenhouse } from './greenhouse.mjs'

openGreenhouse({ version: '1.2.0' })

// Revision 3 starts well, and dies when its new sensor does not answer.
setTimeout(() => {
  console.error('sensor bus: cannot read address 0x48: no reply in 3000 ms')
  process.exit(70)
}, 3000)
