import { expect } from 'chai';
import fc from 'fast-check';
import { decodeInstance, MalformedInstanceError } from '../../../src/protocols/eureka/instance-decoder.ts';
import { readInstanceXml } from '../../../src/protocols/eureka/xml-reader.ts';
import {
  escapeName,
  escapeText,
  unescapeName,
  unescapeText,
} from '../../../src/protocols/eureka/xml-text.ts';

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());

describe('eureka XML', () => {
  it('escapes names as XStream does', () => {
    const names = {
      zone: 'zone',
      a_b: 'a__b',
      a$b: 'a_-b',
      '1x': '_.0031x',
      'x:y': 'x_.003ay',
      'a.b-c': 'a.b-c',
      é: 'é',
      '-a': '_.002da',
      '': '',
    };
    for (const [key, name] of Object.entries(names)) expect(escapeName(key)).to.equal(name);
    expect(escapeName('😀')).to.equal('_.d83d_.de00');
  });

  it('gets back every name that it escapes, and writes none that XML forbids', () => {
    fc.assert(
      fc.property(anyText, (key) => {
        const name = escapeName(key);
        expect(unescapeName(name)).to.equal(key);
        if (key !== '')
          expect(name).to.match(
            /^[A-Za-z_\u00C0-\u00FF\u4E00-\u9FA5][A-Za-z0-9._\u00C0-\u00FF\u4E00-\u9FA5-]*$/,
          );
      }),
    );
  });

  it('gets back every text that XML can carry', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const carried = text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '');
        const escaped = escapeText(text);
        expect(unescapeText(escaped)).to.equal(carried);
        expect(escaped).to.not.match(/[<>"'\r]|&(?!\w+;|#xd;)/);
      }),
    );
  });

  it('reads references and nothing else', () => {
    expect(unescapeText('&amp;&lt;&gt;&quot;&apos;&#65;&#x1F600;')).to.equal('&<>"\'A😀');
    for (const bad of ['&nbsp;', '&toString;', '&#x110000;', '&#;'])
      expect(() => unescapeText(bad), bad).to.throw(SyntaxError);
  });

  it('reads the metadata that it writes', () => {
    const fields = fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '@class'),
      fc.string(),
    );
    fc.assert(
      fc.property(fields, (metadata) => {
        const children = Object.entries(metadata).map(
          ([key, value]) => `<${escapeName(key)}>${escapeText(value)}</${escapeName(key)}>`,
        );
        expect(
          readInstanceXml(`<instance><metadata>${children.join('')}</metadata></instance>`),
        ).to.deep.equal({ metadata });
      }),
      { examples: [[{ constructor: 'a', prototype: 'b', hasOwnProperty: 'c', 'a:b': '' }]] },
    );
  });

  it('refuses whatever is not an instance, and fails in no other way', () => {
    for (const xml of [
      '<.instance/>',
      '<instance/><instance/>',
      '<instance',
      '<instance></instance>x',
      `<instance>${'<a>'.repeat(20)}${'</a>'.repeat(20)}</instance>`,
    ]) {
      expect(() => readInstanceXml(xml), xml).to.throw(MalformedInstanceError);
    }
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.string({
            unit: fc.constantFrom('<', '>', '/', 'a', '&', ';', '"', '=', ' ', '!', '[', ']', '-', '?'),
          }),
        ),
        (inner) => {
          for (const xml of [inner, `<instance>${inner}</instance>`, `<instance ${inner}/>`])
            refusesOrReads(() => readInstanceXml(xml));
        },
      ),
    );
    fc.assert(
      fc.property(
        fc.anything(),
        fc.constantFrom('app', 'port', 'leaseInfo', 'metadata', 'dataCenterInfo', 'status', 'hostName'),
        (value, key) => {
          refusesOrReads(() => decodeInstance({ app: 'A', [key]: value }, 0));
        },
      ),
    );
  });
});

function refusesOrReads(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).to.be.instanceOf(MalformedInstanceError);
  }
}
