export * from './apps.ts'
export { AppsError, type AppsErrorCode } from './error.ts'
export { openApps } from './open.ts'
export { currentBoot } from './run-record.ts'
