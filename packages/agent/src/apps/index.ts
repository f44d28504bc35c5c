export type * from './apps.ts'
