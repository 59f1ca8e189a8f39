// Copies to dist/ what tsc leaves behind in src/: the Lua scripts.
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

for (const path of readdirSync('src', { recursive: true })) {
  if (!path.endsWith('.lua')) continue;
  const target = join('dist', path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join('src', path), target);
}
