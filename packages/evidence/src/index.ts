export * from './component.ts'
export * from './provenance.ts'
export * from './purl.ts'
export * from './sbom.ts'
