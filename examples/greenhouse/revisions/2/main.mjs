import { openGreenhouse } from './greenhouse.mjs'

// Revision 2 also says how warm it was on average.
openGreenhouse({
  version: '1.1.0',
  describe: readings => {
    const sum = readings.reduce((total, { celsius }) => total + celsius, 0)
    return { mean: Math.round((sum / readings.length) * 10) / 10 }
  },
})
