import { expect } from 'chai';
import fc from 'fast-check';
import {
  bool,
  decodeBody,
  duration,
  int,
  json,
  list,
  map,
  name,
  struct,
  text,
} from '../../../src/protocols/consul/go-decode.ts';
import { formatGoDuration, parseGoDuration } from '../../../src/protocols/consul/go-duration.ts';
import { encodeGoJson, indentJson } from '../../../src/protocols/consul/go-json.ts';

describe('Go durations', () => {
  const known: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['0s', 0],
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.s', 1000],
    ['-2ms', -2],
    ['+2ms', 2],
    ['120000ms', 120_000],
    ['15.000000s', 15_000],
    ['3us', 0.003],
    ['3µs', 0.003],
    ['3\u03bcs', 0.003],
  ];
  for (const [text, ms] of known) {
    it(`reads ${text}`, () => expect(parseGoDuration(text)).to.be.closeTo(ms, 1e-9));
  }

  const refused: readonly (readonly [string, string])[] = [
    ['', 'time: invalid duration ""'],
    ['x', 'time: invalid duration "x"'],
    ['-', 'time: invalid duration "-"'],
    ['.s', 'time: invalid duration ".s"'],
    ['1s x', 'time: unknown unit "s x" in duration "1s x"'],
    ['10', 'time: missing unit in duration "10"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['1toString', 'time: unknown unit "toString" in duration "1toString"'],
    ['9999999999h', 'time: invalid duration "9999999999h"'],
  ];
  for (const [text, reason] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(() => parseGoDuration(text)).to.throw(reason));
  }

  it('prints as Go does', () => {
    const printed = [0, 0.000001, 0.0015, 1.5, 1000, 1500, 60_000, 90_000, 3_600_000, 36_061_500, -1000].map(
      formatGoDuration,
    );
    const expected = [
      '0s',
      '1ns',
      '1.5µs',
      '1.5ms',
      '1s',
      '1.5s',
      '1m0s',
      '1m30s',
      '1h0m0s',
      '10h1m1.5s',
      '-1s',
    ];
    expect(printed).to.deep.equal(expected);
  });

  it('reads what it prints', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
        expect(parseGoDuration(formatGoDuration(ms))).to.be.closeTo(ms, 1e-3);
      }),
    );
  });
});

describe('Go JSON', () => {
  it('escapes what Go escapes', () => {
    expect(encodeGoJson('<a href="x">&\u2028\u2029é\n')).to.equal(
      '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029é\\n"',
    );
  });

  it('sorts maps by bytes, keeps structs in order and leaves out what is absent', () => {
    const sorted = new Map([
      ['10', 1],
      ['9', 2],
      ['__proto__', 3],
      ['a', 4],
      ['B', 5],
    ]);
    expect(encodeGoJson({ Z: 1, A: undefined, M: sorted })).to.equal(
      '{"Z":1,"M":{"10":1,"9":2,"B":5,"__proto__":3,"a":4}}',
    );
  });

  it('writes integers of any size and bytes as base64, none as null', () => {
    const value = [2n ** 64n - 1n, new Uint8Array([1, 2]).subarray(1), new Uint8Array(0), null, true, 1e-5];
    expect(encodeGoJson(value)).to.equal('[18446744073709551615,"Ag==",null,null,true,0.00001]');
  });

  it('means what JSON means, indented or not', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const encoded = encodeGoJson(value);
        expect(JSON.parse(encoded)).to.deep.equal(JSON.parse(JSON.stringify(value)));
        expect(JSON.parse(indentJson(encoded))).to.deep.equal(JSON.parse(encoded));
        expect(indentJson(encoded)).to.equal(
          JSON.stringify(JSON.parse(encoded), null, 4).replace(
            /[<>&\u2028\u2029]/g,
            (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
          ),
        );
      }),
    );
  });
});

describe('Go decoding', () => {
  const thing = struct('Thing', {
    Name: name,
    EnableTagOverride: bool,
    Port: int,
    Tags: list(text),
    Meta: map(text),
    Wait: duration,
    Kept: json,
  });
  const decode = (body: string) => decodeBody(Buffer.from(body), thing);

  it('compares keys without case and underscores, ignores unknown ones, and takes null for absent', () => {
    const decoded = decode(
      '{"NAME":"a","enable_tag_override":true,"Unknown":1,"Tags":null,"Meta":null,"port":null}',
    );
    expect(decoded).to.deep.include({
      Name: 'a',
      EnableTagOverride: true,
      Port: 0,
      Tags: [],
      Meta: undefined,
      Wait: 0,
    });
  });

  it('reads durations as text or nanoseconds', () => {
    expect(decode('{"Wait":"1m"}').Wait).to.equal(60_000);
    expect(decode('{"Wait":15000000000}').Wait).to.equal(15_000);
  });

  it('takes keys that name parts of an object for what they are', () => {
    const { Meta } = decode('{"Meta":{"__proto__":"a","constructor":"b"},"__proto__":{"Name":"x"}}');
    expect(Object.entries(Meta ?? {})).to.deep.equal([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    expect(Object.getPrototypeOf(Meta)).to.equal(Object.prototype);
    expect(decode('{"constructor":1,"toString":2}').Name).to.equal('');
  });

  it('refuses NUL in names, and what is nested too deep', () => {
    expect(() => decode('{"Name":"a\\u0000b"}')).to.throw('Name must not contain a NUL character');
    expect(() => decode(`{"Kept":${'['.repeat(100)}${']'.repeat(100)}}`)).to.throw(
      'Kept is nested deeper than 64 levels',
    );
    expect(() => decode(`{"Kept":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)).to.throw('nested deeper');
  });

  it('replaces lone surrogates, which UTF-8 cannot carry', () => {
    expect(decode('{"Name":"\\ud800x"}').Name).to.equal('\ufffdx');
  });

  it('never throws anything but a decode error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        try {
          decode(body);
        } catch (error) {
          expect(error).to.have.property('constructor').with.property('name', 'DecodeError');
        }
      }),
    );
  });
});
