export { createEurekaDialect, type EurekaOptions } from './dialect.ts';
