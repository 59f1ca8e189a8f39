import { expect } from 'chai';
import { gunzipSync } from 'node:zlib';
import { decideRegister } from '../../../src/core/index.ts';
import { SharedAnswers, type Listing } from '../../../src/protocols/eureka/shared-answers.ts';
import { aNode, anInstance, PureCatalog } from '../../support/pure-catalog.ts';

/** Incompressible, so that zipping takes its time. */
const padding = Array.from({ length: 200_000 }, (_, i) => Math.sin(i)).join();

describe('eureka shared answers', () => {
  let catalog: PureCatalog;
  let encoded: number;
  let answers: SharedAnswers;
  beforeEach(() => {
    catalog = new PureCatalog();
    encoded = 0;
    answers = new SharedAnswers(catalog, () => undefined);
  });

  const register = (service: string) => {
    const registration = { node: aNode('n'), keepNode: false, instance: anInstance('n', service) };
    catalog.commit(decideRegister(catalog.state, { ...registration, checks: [], replaceChecks: false }));
  };
  const names = ({ applications }: Listing) => {
    encoded++;
    return applications.map(({ name }) => name).join();
  };
  const plain = () => answers.plain('names', names)?.toString();
  const zipped = async (encode = names) => {
    const bytes = await answers.zipped('names', encode);
    return bytes && gunzipSync(bytes).toString();
  };

  it('are encoded once per change and shared', async () => {
    register('a');
    expect(plain()).to.equal('A');
    expect(answers.plain('names', names)).to.equal(answers.plain('names', names));
    const [first, second] = await Promise.all([
      answers.zipped('names', names),
      answers.zipped('names', names),
    ]);
    expect(first).to.equal(second);
    expect(await answers.zipped('names', names)).to.equal(first);
    expect(encoded).to.equal(1);
    register('b');
    expect(plain()).to.equal('A,B');
    expect(await zipped()).to.equal('A,B');
    expect(encoded).to.equal(2);
  });

  it('do not fill the memory of whoever is asked for everything', () => {
    for (let i = 0; i < 20_001; i++) answers.plain(`name ${String(i)}`, names);
    expect(encoded).to.equal(20_001);
    answers.plain('name 0', names);
    expect(encoded).to.equal(20_001);
    answers.plain('name 20000', names);
    expect(encoded).to.equal(20_002);
  });

  it('are as new as their question, though an older one is being zipped', async () => {
    register('a');
    const padded = (listing: Listing) => names(listing) + padding;
    const first = zipped(padded);
    register('b');
    const [second, third] = await Promise.all([zipped(padded), zipped(padded)]);
    expect(await first).to.equal(`A${padding}`);
    expect(second).to.equal(`A,B${padding}`);
    expect(third).to.equal(second);
    expect(encoded).to.equal(2);
    expect(await zipped(padded)).to.equal(second);
  });

  it('do not keep what was zipped of an older catalog', async () => {
    register('a');
    const first = answers.zipped('names', names);
    register('b');
    expect(plain()).to.equal('A,B');
    await first;
    expect(await zipped()).to.equal('A,B');
  });

  it('say that there is nothing, and see it come', async () => {
    const onlyB = ({ applications }: Listing) => applications.find(({ name }) => name === 'B')?.name;
    register('a');
    expect(await answers.zipped('b', onlyB)).to.equal(undefined);
    expect(answers.plain('b', onlyB)).to.equal(undefined);
    register('b');
    expect(answers.plain('b', onlyB)?.toString()).to.equal('B');
  });

  it('start over with another state, even where nothing in it was ever touched', () => {
    register('a');
    const other = new PureCatalog();
    let source = catalog.state;
    answers = new SharedAnswers(
      {
        get state() {
          return source;
        },
      },
      () => undefined,
    );
    expect(plain()).to.equal('A');
    source = other.state;
    expect(plain()).to.equal('');
    const third = new PureCatalog();
    third.state.load('node', { ...aNode('n'), createRevision: 1, modifyRevision: 1 });
    third.state.load('instance', { ...anInstance('n', 'z'), createRevision: 1, modifyRevision: 1 });
    source = third.state;
    expect(plain()).to.equal('Z');
  });
});
