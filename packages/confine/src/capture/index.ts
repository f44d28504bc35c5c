export { type Learned, learnNeeds } from './learn.ts'
