import { openGreenhouse } from './greenhouse.mjs'

openGreenhouse({ version: '1.0.0' })
