import type { StringMap } from './catalog.ts';
import { RollcallError } from './errors.ts';
import { interpolate } from './interpolate.ts';
import { InterpolationError, parseInterpolation, type InterpolationScope } from './interpolation.ts';
import type { PreparedQuery, QueryTarget } from './prepared-query.ts';

/** Compiles a regular expression: to what its groups match in a text, or undefined. Throws an `Error` for a bad one. */
export type GroupMatcher = (pattern: string) => (text: string) => readonly string[] | undefined;

/** Fills a template in for a name that begins with its own. */
export type Render = (name: string) => QueryTarget;

/** The text at a path of the target, filled in. */
type Fill = (text: string, path: string) => string;

/**
 * Compiles a template: `${name.full}`, `${name.prefix}`, `${name.suffix}`, `${agent.segment}` and `${match(n)}` in
 * every text of its target.
 *
 * Throws `invalid_request` if it is malformed, or cannot be filled in for its own name.
 */
export function compileTemplate(query: PreparedQuery, groups: GroupMatcher): Render {
  const { target, template } = query;
  const parsed = new Map<string, ReturnType<typeof parseInterpolation>>();
  mapTexts(target, (text, path) => {
    parsed.set(
      path,
      attempt(text, path, () => parseInterpolation(text)),
    );
    return text;
  });
  const match = regexpOf(template?.regexp ?? '', groups);
  const render: Render = (name) => {
    const scope = scopeOf(query.name, name, match(name) ?? []);
    const filled = mapTexts(target, (text, path) => {
      const interpolation = parsed.get(path);
      return interpolation === undefined
        ? text
        : attempt(text, path, () => interpolate(interpolation, scope));
    });
    if (template?.removeEmptyTags !== true || filled.tags === undefined) return filled;
    return { ...filled, tags: filled.tags.filter((tag) => tag !== '') };
  };
  render(query.name);
  return render;
}

function scopeOf(prefix: string, name: string, groups: readonly string[]): InterpolationScope {
  const suffix = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  const variables = {
    'name.full': name,
    'name.prefix': prefix,
    'name.suffix': suffix,
    'agent.segment': '',
  };
  return { variables, functions: { match: (index) => groups[index] ?? '' } };
}

function regexpOf(pattern: string, groups: GroupMatcher): ReturnType<GroupMatcher> {
  if (pattern === '') return () => undefined;
  try {
    return groups(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw refusal(`Bad Regexp: ${reason}`);
  }
}

function mapTexts(target: QueryTarget, fill: Fill): QueryTarget {
  const { failover, tags, ignoredChecks, nodeMeta, serviceMeta } = target;
  const { datacenters } = failover;
  const list = (texts: readonly string[], path: string) =>
    texts.map((text, i) => fill(text, `${path}[${String(i)}]`));
  const map = (texts: StringMap, path: string) =>
    Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, fill(text, `${path}[${key}]`)]));
  return {
    ...target,
    service: fill(target.service, 'Service'),
    failover: {
      ...failover,
      ...(datacenters && { datacenters: list(datacenters, 'Failover.Datacenters') }),
    },
    ...(ignoredChecks && { ignoredChecks: list(ignoredChecks, 'IgnoreCheckIDs') }),
    near: fill(target.near, 'Near'),
    ...(tags && { tags: list(tags, 'Tags') }),
    ...(nodeMeta && { nodeMeta: map(nodeMeta, 'NodeMeta') }),
    ...(serviceMeta && { serviceMeta: map(serviceMeta, 'ServiceMeta') }),
  };
}

function attempt<T>(text: string, path: string, take: () => T): T {
  try {
    return take();
  } catch (error) {
    if (!(error instanceof InterpolationError)) throw error;
    const what = error.stage === 'syntax' ? 'format' : 'evaluation for';
    throw refusal(`Bad ${what} '${text}' in Service.${path}: ${error.message}`);
  }
}

function refusal(reason: string): RollcallError {
  return new RollcallError('invalid_request', `failed compiling template: ${reason}`);
}
