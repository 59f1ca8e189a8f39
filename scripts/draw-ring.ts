// Draws the pictures of docs/ring.md into docs/images.
//   npm run docs:pictures
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pureHashes } from '../src/core/ring/index.ts';
import { ringPictures } from './ring-pictures.ts';

const IMAGES = join(import.meta.dirname, '../docs/images');

mkdirSync(IMAGES, { recursive: true });
for (const [name, text] of ringPictures(pureHashes)) writeFileSync(join(IMAGES, name), text);
