export { createEurekaDialect, type EurekaDialect, type EurekaOptions } from './dialect.ts';
