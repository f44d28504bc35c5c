export * from './error.ts'
export * from './statements.ts'
