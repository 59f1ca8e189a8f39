export { createApp } from './app.ts';
export { createEdge } from './edge.ts';
export * from './route.ts';
export { HttpServer } from './server.ts';
