export * from './attacks.ts'
export * from './pretend-catalogue.ts'
export * from './pretend-owner.ts'
export * from './pretend-store.ts'
