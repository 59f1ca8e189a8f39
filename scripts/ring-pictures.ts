import {
  buildRing,
  movement,
  type Hashes,
  type Member,
  type MovedRange,
  type Ring,
  type RingPolicy,
} from '../src/core/ring/index.ts';

/** Readable on white and on black; the first six are those of Okabe and Ito, for the colour-blind too. */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'];
const TEXT = '#768390';
const STYLE = `<style>text{font:14px sans-serif;fill:${TEXT}}.small{font-size:12px}</style>`;
const FONT_GAP = 5;
/** Few points per member, so that they can be seen; a ring of the default policy has 256. */
const POLICY: RingPolicy = { algorithm: 'ring', pointsPerWeight: 8 };
const KEYS = ['user-42', 'cart-7', 'order-1001'];
const BALANCE_MEMBERS = 100;

/** Every picture of the documentation by file name, drawn from rings that are built here and now. */
export function ringPictures(hashes: Hashes): Map<string, string> {
  return new Map([
    ['ring.svg', ringPicture(hashes)],
    ['ring-movement.svg', movementPicture(hashes)],
    ['ring-balance.svg', balancePicture(hashes)],
  ]);
}

function membersUpTo(count: number): Member[] {
  return Array.from({ length: count }, (_, index) => {
    return { id: `cart-${index + 1}`, hashKey: `10.0.0.${index + 1}:8080` };
  });
}

function ringPicture(hashes: Hashes): string {
  const ring = buildRing(membersUpTo(5), POLICY, hashes);
  const circle = { x: 220, y: 220, radius: 150 };
  const arcs = arcsOf(ring).map((arc) => arcPath(circle, arc, colourOf(ring, arc.owner), 24, 1));
  const ticks = arcsOf(ring).map(({ end }) => radialLine(circle, end, 138, 162));
  const keys = KEYS.flatMap((key) => keyMark(circle, angleOf(ring.hash(key)), key));
  const { shares } = movement(ring, ring, { maxRanges: 0 }).after;
  const legend = legendOf(ring, (id) => percent(shares.get(id) ?? 0));
  const title = 'A ring of five members with eight points each';
  const notes = [
    note(490, 250, 'A key belongs to the first point'),
    note(490, 270, 'clockwise from its hash.'),
  ];
  return svg(720, 440, title, [...arcs, ...ticks, ...keys, ...legend, ...notes]);
}

function movementPicture(hashes: Hashes): string {
  const before = buildRing(membersUpTo(5), POLICY, hashes);
  const after = buildRing(membersUpTo(6), POLICY, hashes);
  const { ranges, movedShare, flows } = movement(before, after, { maxRanges: 10_000 });
  const [inner, outer] = [110, 160].map((radius) => ({ x: 220, y: 220, radius }));
  if (inner === undefined || outer === undefined) throw new Error('no circles');
  const faint = (ring: Ring, circle: Circle) =>
    arcsOf(ring).map((arc) => arcPath(circle, arc, colourOf(after, arc.owner), 24, 0.25));
  const moved = ranges.flatMap((range) => [
    arcPath(inner, spanOf(range), colourOf(after, range.from), 24, 1),
    arcPath(outer, spanOf(range), colourOf(after, range.to), 24, 1),
  ]);
  const given = new Map(flows.map(({ from, share }) => [from, share]));
  const legend = legendOf(after, (id) =>
    id === 'cart-6' ? `takes ${percent(movedShare)}` : `gives ${percent(given.get(id) ?? 0)}`,
  );
  const notes = [
    'Inside: before. Outside: after.',
    'Only the bright arcs move,',
    'and all of them to cart-6.',
  ];
  const lines = notes.map((text, index) => note(490, 270 + 20 * index, text));
  const title = 'The same ring when a sixth member joins';
  return svg(720, 440, title, [
    ...faint(before, inner),
    ...faint(after, outer),
    ...moved,
    ...legend,
    ...lines,
  ]);
}

function balancePicture(hashes: Hashes): string {
  const policies: readonly [string, RingPolicy, number][] = [
    ['haproxy-consistent, weight 1', { ...HAPROXY }, 1],
    ['envoy-ring-hash, 1,024 points', ENVOY, 1],
    ['ketama (libketama)', { algorithm: 'ketama', variant: 'libketama' }, 1],
    ['nginx-consistent', { algorithm: 'nginx-consistent' }, 1],
    ['ring, 256 points (default)', { algorithm: 'ring', pointsPerWeight: 256 }, 1],
    ['haproxy-consistent, weight 100', { ...HAPROXY }, 100],
    ['bounded-ring, at most 110 %', BOUNDED, 1],
    ['maglev, table of 65,537', { algorithm: 'maglev', tableSize: 65_537 }, 1],
  ];
  const bars = policies.flatMap(([name, policy, weight], index) => {
    const members = membersUpTo(BALANCE_MEMBERS).map((member, at) => ({
      ...member,
      id: String(at + 1),
      weight,
    }));
    const ring = buildRing(members, policy, hashes);
    const { peakToAverage } = movement(ring, ring, { maxRanges: 0 }).after;
    const y = 50 + 32 * index;
    const width = 170 * peakToAverage;
    return [
      label(250, y + 14, name, 'end'),
      `<rect x="260" y="${y}" width="${fixed(width)}" height="20" fill="${COLOURS[0]}"/>`,
      label(260 + width + 8, y + 14, peakToAverage.toFixed(3), 'start'),
    ];
  });
  const average = `<path d="M430 40V${50 + 32 * policies.length}" stroke="${TEXT}" stroke-dasharray="4 4" fill="none"/>`;
  const title = 'Share of the fullest of 100 equal members, of the average';
  return svg(680, 320, title, [...bars, average, label(430, 32, 'average', 'middle')]);
}

const HAPROXY = {
  algorithm: 'haproxy-consistent',
  hashKey: 'id',
  hashFunction: 'sdbm',
  avalanche: true,
} as const;
const ENVOY = {
  algorithm: 'envoy-ring-hash',
  minimumRingSize: 1024,
  maximumRingSize: 8_388_608,
  hashFunction: 'xxhash64',
} as const;
const BOUNDED = {
  algorithm: 'bounded-ring',
  pointsPerWeight: 256,
  partitions: 65_536,
  maxLoadPercent: 110,
} as const;

interface Circle {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** Angles grow clockwise from the top, 0 to 1. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** From each point to the next, and whose keys those are. */
function arcsOf(ring: Ring): (Span & { readonly owner: string | undefined })[] {
  const { policy, members } = ring;
  if (policy.algorithm !== 'ring') throw new Error('only a ring has such points');
  const points = members.flatMap(({ hashKey }) =>
    Array.from({ length: policy.pointsPerWeight }, (_, i) => ring.hash(`${hashKey}_${i}`)),
  );
  points.sort();
  return points.map((point, index) => {
    const before = points[index - 1] ?? points.at(-1) ?? point;
    const start = angleOf(before) - (index === 0 ? 1 : 0);
    return { start, end: angleOf(point), owner: ring.preferenceListAt(point, 1)[0]?.id };
  });
}

function spanOf({ first, last }: MovedRange): Span {
  return { start: angleOf(first), end: angleOf(last) };
}

function angleOf(hash: string): number {
  return Number.parseInt(hash.slice(0, 8), 16) / 2 ** 32;
}

function colourOf(ring: Ring, id: string | undefined): string {
  return COLOURS[ring.members.findIndex((member) => member.id === id)] ?? TEXT;
}

function pointAt({ x, y }: Circle, angle: number, radius: number): string {
  const turn = 2 * Math.PI * angle;
  return `${fixed(x + radius * Math.sin(turn))} ${fixed(y - radius * Math.cos(turn))}`;
}

function arcPath(
  circle: Circle,
  { start, end }: Span,
  colour: string,
  width: number,
  opacity: number,
): string {
  const { radius } = circle;
  const large = end - start > 0.5 ? 1 : 0;
  const path = `M${pointAt(circle, start, radius)}A${radius} ${radius} 0 ${large} 1 ${pointAt(circle, end, radius)}`;
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-opacity="${opacity}"/>`;
}

function radialLine(circle: Circle, angle: number, from: number, to: number): string {
  const path = `M${pointAt(circle, angle, from)}L${pointAt(circle, angle, to)}`;
  return `<path d="${path}" stroke="${TEXT}" stroke-width="2" fill="none"/>`;
}

function keyMark(circle: Circle, angle: number, key: string): string[] {
  const [x = '', y = ''] = pointAt(circle, angle, circle.radius + 30).split(' ');
  const anchor = angle < 0.5 ? 'start' : 'end';
  const gap = angle < 0.5 ? FONT_GAP : -FONT_GAP;
  return [
    radialLine(circle, angle, circle.radius + 12, circle.radius + 26),
    label(Number(x) + gap, Number(y) + FONT_GAP, key, anchor),
  ];
}

function legendOf(ring: Ring, textOf: (id: string) => string): string[] {
  return ring.members.flatMap(({ id }, index) => {
    const y = 90 + 26 * index;
    return [
      `<rect x="490" y="${y}" width="16" height="16" fill="${colourOf(ring, id)}"/>`,
      label(514, y + 13, `${id} ${textOf(id)}`, 'start'),
    ];
  });
}

function label(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${text}</text>`;
}

function note(x: number, y: number, text: string): string {
  return `<text class="small" x="${x}" y="${y}">${text}</text>`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Two decimals are enough to draw, and the same on every machine. */
function fixed(value: number): string {
  return String(Number(value.toFixed(2)));
}

function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  const box = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${box} role="img"><title>${title}</title>`;
  return `${[head, STYLE, ...parts, '</svg>'].join('\n')}\n`;
}
