export { Admission } from './admission.ts';
export { createApp } from './app.ts';
export { Edge } from './edge.ts';
export { mapped } from './later.ts';
export * from './route.ts';
export { HttpServer } from './server.ts';
