import { readFileSync } from 'node:fs';
import express, { type Express, type Request, type Response } from 'express';
import swaggerUi from 'swagger-ui-express';
import type { Edge } from './edge.ts';

interface Deps {
  readonly edge: Edge;
  /** Folder of the OpenAPI files. */
  readonly openapiDirectory: URL;
  /** Names of the OpenAPI files without `.yaml`, the first one shown first. */
  readonly openapiNames: readonly string[];
  readonly isReady: () => boolean;
  /** The metrics page and its content type. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
}

/** The express app: dialects first, then probes, metrics and the API documentation. */
export function createApp(deps: Deps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(deps.edge.middleware);
  app.get('/livez', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  app.get(['/readyz', '/healthz'], (_request, response) => {
    const ready = deps.isReady();
    response
      .status(ready ? 200 : 503)
      .type('text/plain')
      .send(ready ? 'ok\n' : 'not ready\n');
  });
  app.get('/metrics', async (_request, response) => {
    const { text, contentType } = await deps.metrics();
    response.set('Content-Type', contentType).send(text);
  });
  mountDocs(app, deps);
  app.get('/', (_request, response) => {
    response.type('text/plain').send('Rollcall. API documentation: /docs\n');
  });
  app.use(notFound);
  app.use(failed);
  return app;
}

function mountDocs(app: Express, { openapiDirectory, openapiNames }: Deps): void {
  const files = openapiNames.map((name) => ({
    url: `/openapi/${name}.yaml`,
    name,
    text: readFileSync(new URL(`${name}.yaml`, openapiDirectory), 'utf8'),
  }));
  for (const { url, text } of files) {
    app.get(url, (_request, response) => {
      response.type('application/yaml').send(text);
    });
  }
  const urls = files.map(({ url, name }) => ({ url, name }));
  const page = {
    explorer: true,
    customSiteTitle: 'Rollcall API',
    swaggerOptions: { urls, validatorUrl: null },
  };
  app.use('/docs', swaggerUi.serve, swaggerUi.setup(undefined, page));
}

function notFound(request: Request, response: Response): void {
  problem(response, 404, 'No such resource', request.path);
}

function failed(error: unknown, request: Request, response: Response, _next: express.NextFunction): void {
  const status =
    error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
  problem(response, status, status < 500 ? 'The request is malformed' : 'The registry failed', request.path);
}

function problem(response: Response, status: number, title: string, instance: string): void {
  response.status(status).set('Content-Type', 'application/problem+json');
  response.end(JSON.stringify({ type: 'about:blank', title, status, instance }));
}
