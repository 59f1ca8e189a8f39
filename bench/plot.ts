import type { Row } from './measure.ts';

const WIDTH = 820;
const HEIGHT = 360;
const BOX = { left: 60, right: 520, top: 50, bottom: 310 };
/** Those of Okabe and Ito, for the colour-blind too. */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7'];
const TEXT = '#768390';

interface Point {
  readonly size: number;
  readonly cost: number;
}

/** A picture, in SVG, of the CPU time of a lookup by the size of the catalog; undefined where no row has a size. */
export function costPlot(rows: readonly Row[]): string | undefined {
  const sized = rows.filter(({ size, cpuMicros }) => size !== undefined && cpuMicros !== undefined);
  const groups = [...new Set(sized.map(({ group }) => group))];
  if (groups.length === 0) return undefined;
  const lines = groups.map((group) => {
    const ofGroup = sized.filter((row) => row.group === group);
    return [group, ofGroup.map(({ size = 1, cpuMicros = 0 }) => ({ size, cost: cpuMicros }))] as const;
  });
  const bare = sized
    .filter(({ group }) => group === groups[0])
    .map(({ size = 1, referenceCpuMicros = 0 }) => ({ size, cost: referenceCpuMicros }));
  return drawn([...lines, ['bare node:http', bare]]);
}

function drawn(lines: readonly (readonly [string, readonly Point[]])[]): string {
  const points = lines.flatMap(([, each]) => each);
  const sizes = [...new Set(points.map(({ size }) => size))].sort((a, b) => a - b);
  const top = niceAbove(Math.max(...points.map(({ cost }) => cost)));
  const x = (size: number) =>
    BOX.left + ((BOX.right - BOX.left) * Math.log(size / (sizes[0] ?? 1))) / spanOf(sizes);
  const y = (cost: number) => BOX.bottom - ((BOX.bottom - BOX.top) * cost) / top;
  const marks = [0, 0.25, 0.5, 0.75, 1].flatMap((part) => [
    `<path d="M${BOX.left} ${y(part * top)}H${BOX.right}" stroke="${TEXT}" stroke-opacity=".3"/>`,
    text(BOX.left - 8, y(part * top) + 4, String(part * top), 'end'),
  ]);
  const ticks = sizes.map((size) => text(x(size), BOX.bottom + 20, size.toLocaleString('en'), 'middle'));
  const curves = lines.flatMap(([name, each], i) => {
    const colour = COLOURS[i % COLOURS.length] ?? TEXT;
    const path = each.map(({ size, cost }) => `${fixed(x(size))},${fixed(y(cost))}`).join(' ');
    const end = each.at(-1)?.cost ?? 0;
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...each.map(
        ({ size, cost }) => `<circle cx="${fixed(x(size))}" cy="${fixed(y(cost))}" r="3" fill="${colour}"/>`,
      ),
      `<rect x="${BOX.right + 20}" y="${BOX.top + 24 * i}" width="12" height="12" fill="${colour}"/>`,
      text(BOX.right + 38, BOX.top + 24 * i + 11, `${name} (${end.toFixed(0)} µs)`, 'start'),
    ];
  });
  const labels = [
    text(BOX.left, BOX.top - 22, 'CPU time of a lookup, µs', 'start'),
    text((BOX.left + BOX.right) / 2, BOX.bottom + 42, 'services in the catalog', 'middle'),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    '<title>CPU time of a lookup by the number of services</title>',
    `<style>text{font:12px sans-serif;fill:${TEXT}}</style>`,
    ...marks,
    ...ticks,
    ...curves,
    ...labels,
    '</svg>\n',
  ].join('\n');
}

/** The end of the axis: 1, 2 or 5 times a power of ten, times two at most. */
function niceAbove(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 4, 8, 10].find((factor) => factor * power >= most) ?? 10) * power;
}

function spanOf(sizes: readonly number[]): number {
  return Math.log((sizes.at(-1) ?? 1) / (sizes[0] ?? 1)) || 1;
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${content}</text>`;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
