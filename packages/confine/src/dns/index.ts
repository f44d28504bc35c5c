export * from './answer.ts'
export * from './message.ts'
