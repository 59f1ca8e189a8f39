import { XMLParser } from 'fast-xml-parser';
import { MalformedInstanceError } from './instance-decoder.ts';
import { AMAZON_DATA_CENTER_CLASS, DEFAULT_DATA_CENTER_CLASS } from './instance-info.ts';
import { unescapeName, unescapeText } from './xml-text.ts';

const MAX_DEPTH = 8;

const TEXT = '#text';
const CDATA = '#cdata';
const ATTRIBUTES = ':@';
/** Put before every name, because the parser refuses `constructor` and its like, which are fine metadata keys. */
const NAME_MARK = '.';

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  textNodeName: TEXT,
  cdataPropName: CDATA,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_DEPTH,
  // The parser asks twice for `<a/>`; no name of XML begins with the mark.
  transformTagName: (name) => (name.startsWith(NAME_MARK) ? name : NAME_MARK + name),
});

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

/**
 * Reads an `<instance>` document into the shape that its JSON has.
 *
 * Document types and entities of their own are refused, and so is what nests deeper than eight
 * elements. Throws `MalformedInstanceError`.
 */
export function readInstanceXml(xml: string): unknown {
  const root = parse(xml);
  if (root.name !== 'instance') throw new MalformedInstanceError('the root is not <instance>');
  return fromEntries(root.children, (child) => {
    switch (child.name) {
      case 'port':
      case 'securePort':
        return { $: child.text.trim(), '@enabled': child.attributes['enabled'] };
      case 'dataCenterInfo':
        return dataCenter(child);
      case 'leaseInfo':
        return fromEntries(child.children, ({ text }) => text.trim());
      case 'metadata':
        return metadata(child);
      default:
        return child.text;
    }
  });
}

function dataCenter({ attributes, children }: Element): unknown {
  const fields = fromEntries(children, (child) =>
    child.name === 'metadata' ? metadata(child) : child.text.trim(),
  );
  const implied = fields['name'] === 'Amazon' ? AMAZON_DATA_CENTER_CLASS : DEFAULT_DATA_CENTER_CLASS;
  return { ...fields, '@class': attributes['class'] ?? implied };
}

function metadata({ children }: Element): unknown {
  return Object.fromEntries(children.map(({ name, text }) => [unescapeName(name), text]));
}

function fromEntries(
  elements: readonly Element[],
  valueOf: (element: Element) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(elements.map((element) => [element.name, valueOf(element)]));
}

function parse(xml: string): Element {
  if (xml.includes('<!DOCTYPE')) throw new MalformedInstanceError('document types are refused');
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the validator has moved to a package of its own; this one still carries it
    const [root, ...more] = elementsOf(parser.parse(xml, true));
    if (root !== undefined && more.length === 0) return root;
  } catch {
    throw new MalformedInstanceError('the XML is not well-formed');
  }
  throw new MalformedInstanceError('the XML has no single root');
}

function elementsOf(nodes: unknown): Element[] {
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node: Readonly<Record<string, unknown>>) => {
    const name = Object.keys(node).find((key) => key !== ATTRIBUTES);
    if (name === undefined || name === TEXT || name === CDATA) return [];
    const attributes = Object.entries((node[ATTRIBUTES] ?? {}) as Readonly<Record<string, string>>);
    return [
      {
        name: name.slice(NAME_MARK.length),
        attributes: Object.fromEntries(attributes.map(([key, value]) => [key, unescapeText(value)])),
        children: elementsOf(node[name]),
        text: textOf(node[name]),
      },
    ];
  });
}

function textOf(nodes: unknown): string {
  if (!Array.isArray(nodes)) return '';
  return nodes
    .map((node: Readonly<Record<string, unknown>>) => {
      if (typeof node[TEXT] === 'string') return unescapeText(node[TEXT]);
      return Array.isArray(node[CDATA]) ? textOfCdata(node[CDATA]) : '';
    })
    .join('');
}

function textOfCdata(nodes: readonly Readonly<Record<string, unknown>>[]): string {
  return nodes.map((node) => (typeof node[TEXT] === 'string' ? node[TEXT] : '')).join('');
}
