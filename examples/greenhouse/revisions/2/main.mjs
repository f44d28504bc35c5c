import { openGreenhouse } from './greenhouse.mjs'

// Revision 2 also says how warm it was on average.
openGreenhouse({
  version: '1.1.0',
  describe: readings => ({
    mean: readings.reduce((sum, { celsius }) => sum + celsius, 0) / readings.length,
  }),
})
