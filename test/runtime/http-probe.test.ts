import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import type { HttpProbe } from '../../src/core/index.ts';
import { probeHttp } from '../../src/runtime/checks/probes/http.ts';
import { closedPort, httpTarget, tcpTarget, type ProbeTarget } from '../support/probe-target.ts';
import { anHttpProbe } from '../support/pure-catalog.ts';

const TLS = {
  key: readFileSync('test/fixtures/tls/key.pem'),
  cert: readFileSync('test/fixtures/tls/cert.pem'),
};

async function look(source: HttpProbe, timeoutMs = 10_000): Promise<[string, string]> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), timeoutMs);
  try {
    const { status, output } = await probeHttp(source, ending.signal);
    return [status, output];
  } finally {
    clearTimeout(timer);
  }
}

describe('HTTP probe', () => {
  let targets: ProbeTarget[] = [];
  const serve = async (...args: Parameters<typeof httpTarget>): Promise<[ProbeTarget, string]> => {
    const target = await httpTarget(...args);
    targets.push(target);
    return [target, `http${args[1] === undefined ? '' : 's'}://127.0.0.1:${target.port}`];
  };
  const listen = async (...args: Parameters<typeof tcpTarget>): Promise<string> => {
    const target = await tcpTarget(...args);
    targets.push(target);
    return `http://127.0.0.1:${target.port}`;
  };
  afterEach(async () => {
    await Promise.all(targets.map((target) => target.stop()));
    targets = [];
  });

  const table = [
    [200, 'passing', '200 OK'],
    [204, 'passing', '204 No Content'],
    [299, 'passing', '299 unknown'],
    [300, 'critical', '300 Multiple Choices'],
    [302, 'critical', '302 Found'],
    [304, 'critical', '304 Not Modified'],
    [400, 'critical', '400 Bad Request'],
    [404, 'critical', '404 Not Found'],
    [429, 'warning', '429 Too Many Requests'],
    [500, 'critical', '500 Internal Server Error'],
    [503, 'critical', '503 Service Unavailable'],
  ] as const;
  for (const [code, status, line] of table) {
    it(`${code} is ${status}`, async () => {
      const [, url] = await serve((_request, response) => response.writeHead(code).end());
      expect(await look(anHttpProbe(`${url}/health`))).to.deep.equal([
        status,
        `HTTP GET ${url}/health: ${line} Output: `,
      ]);
    });
  }

  it('shows the body, and of a long one the end', async () => {
    const [, url] = await serve((request, response) => {
      response.end(request.url === '/long' ? `${'x'.repeat(10_000)}end` : 'all well');
    });
    expect((await look(anHttpProbe(url)))[1]).to.equal(`HTTP GET ${url}: 200 OK Output: all well`);
    const [, output] = await look(anHttpProbe(`${url}/long`));
    expect(output).to.equal(`HTTP GET ${url}/long: 200 OK Output: ${'x'.repeat(4093)}end`);
  });

  it('stops reading a body that does not end', async () => {
    const [, url] = await serve((_request, response) => {
      const write = () => {
        while (!response.destroyed && response.write('y'.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    });
    const startedAt = performance.now();
    const [status, output] = await look(anHttpProbe(url));
    expect(status).to.equal('passing');
    expect(output).to.match(/Output: y{4096}$/);
    // Long before its time is up.
    expect(performance.now() - startedAt).to.be.below(5000);
  });

  it('Compat(consul): a body that breaks off is no failure', async () => {
    const [, url] = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      if (request.url === '/cut') setTimeout(() => response.destroy(), 20);
    });
    expect(await look(anHttpProbe(`${url}/cut`))).to.deep.equal([
      'passing',
      `HTTP GET ${url}/cut: 200 OK Output: half`,
    ]);
    expect(await look(anHttpProbe(`${url}/hang`), 200)).to.deep.equal([
      'passing',
      `HTTP GET ${url}/hang: 200 OK Output: half`,
    ]);
  });

  it('sends the method, headers and body it is told to, on a connection of its own', async () => {
    const [target, url] = await serve((_request, response) => response.end());
    const headers = { Host: ['checked.test'], 'X-Two': ['1', '2'], 'Content-Length': ['999'] };
    const [, output] = await look(anHttpProbe(url, { method: 'POST', headers, body: 'grüße' }));
    expect(output).to.equal(`HTTP POST ${url}: 200 OK Output: `);
    expect(target.requests).to.have.length(1);
    expect(target.requests[0]).to.deep.include({ method: 'POST', body: 'grüße' });
    expect(target.requests[0]?.headers).to.include({
      host: 'checked.test',
      connection: 'close',
      'x-two': '1, 2',
    });
  });

  it('sends a body with GET too', async () => {
    const [target, url] = await serve((_request, response) => response.end());
    await look(anHttpProbe(url, { body: '{}' }));
    expect(target.requests[0]).to.deep.include({ method: 'GET', body: '{}' });
  });

  it('says who it is and what it reads unless told otherwise', async () => {
    const [target, url] = await serve((_request, response) => response.end());
    await look(anHttpProbe(url));
    await look(anHttpProbe(url, { headers: { 'User-Agent': ['mine'], Accept: ['application/json'] } }));
    expect(target.requests.map(({ headers }) => [headers['user-agent'], headers.accept])).to.deep.equal([
      ['Consul Health Check', 'text/plain, text/*, */*'],
      ['mine', 'application/json'],
    ]);
  });

  it('asks a TLS target by the name of the URL or the one it is given', async () => {
    const [, url] = await serve((request, response) => {
      response.end(String(Reflect.get(request.socket, 'servername')));
    }, TLS);
    const said = async (of: string, tlsServerName: string) =>
      (
        await look(anHttpProbe(of, { tlsSkipVerify: true, tlsServerName, headers: { host: ['other.test'] } }))
      )[1];
    expect(await said(url, 'checked.test')).to.match(/Output: checked.test$/);
    expect(await said(url, '')).to.match(/Output: false$/);
    expect(await said(url.replace('127.0.0.1', 'localhost'), '')).to.match(/Output: localhost$/);
  });

  describe("Compat(consul): redirects are followed as Go's client does", () => {
    it('up to ten requests', async () => {
      const [target, url] = await serve((request, response) => {
        const left = Number(request.url?.slice(1));
        if (left === 0) response.end('arrived');
        else response.writeHead(302, { location: `/${left - 1}` }).end();
      });
      expect(await look(anHttpProbe(`${url}/9`))).to.deep.equal([
        'passing',
        `HTTP GET ${url}/9: 200 OK Output: arrived`,
      ]);
      target.requests.length = 0;
      expect(await look(anHttpProbe(`${url}/10`))).to.deep.equal([
        'critical',
        `Get "${url}/0": stopped after 10 redirects`,
      ]);
      expect(target.requests).to.have.length(10);
    });

    it('not at all where the check says so', async () => {
      const [target, url] = await serve((_request, response) =>
        response.writeHead(302, { location: '/x' }).end(),
      );
      const [status, output] = await look(anHttpProbe(url, { followRedirects: false }));
      expect([status, output]).to.deep.equal(['critical', `HTTP GET ${url}: 302 Found Output: `]);
      expect(target.requests).to.have.length(1);
    });

    it('with method and body only where the status keeps them', async () => {
      const [target, url] = await serve((request, response) => {
        if (request.url === '/end') response.end();
        else response.writeHead(Number(request.url?.slice(1)), { location: '/end' }).end();
      });
      for (const code of [301, 302, 303, 307, 308])
        await look(anHttpProbe(`${url}/${code}`, { method: 'PUT', body: 'b' }));
      const seen = target.requests.filter((request) => request.url === '/end');
      expect(seen.map(({ method, body }) => `${method} ${body}`.trim())).to.deep.equal([
        'GET',
        'GET',
        'GET',
        'PUT b',
        'PUT b',
      ]);
    });

    it('without credentials to another host, and with the host header to the same one only', async () => {
      const [there, other] = await serve((_request, response) => response.end());
      const [here, url] = await serve((request, response) => {
        if (request.url === '/end') response.end();
        else response.writeHead(302, { location: request.url === '/away' ? other : '/end' }).end();
      });
      const headers = {
        Authorization: ['secret'],
        Cookie: ['secret'],
        Host: ['checked.test'],
        'X-Kept': ['yes'],
      };
      await look(anHttpProbe(url, { headers }));
      await look(anHttpProbe(`${url}/away`, { headers }));
      const [, stayed] = here.requests;
      expect(stayed?.headers).to.include({ authorization: 'secret', cookie: 'secret', host: 'checked.test' });
      expect(there.requests[0]?.headers).to.include({ 'x-kept': 'yes', host: `127.0.0.1:${there.port}` });
      expect(there.requests[0]?.headers).to.not.have.any.keys('authorization', 'cookie');
    });

    it('but to no other protocol', async () => {
      const [, url] = await serve((_request, response) =>
        response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      );
      expect(await look(anHttpProbe(url))).to.deep.equal([
        'critical',
        'Get "file:///etc/passwd": unsupported protocol scheme "file"',
      ]);
    });
  });

  describe("Compat(consul): the output of a failed check is Go's error text", () => {
    const failure = async (url: string, fields: Partial<HttpProbe> = {}, timeoutMs?: number) => {
      const [status, output] = await look(anHttpProbe(url, fields), timeoutMs);
      expect(status).to.equal('critical');
      return output;
    };

    it('when nobody listens', async () => {
      const port = await closedPort();
      const dialed = `dial tcp 127.0.0.1:${port}: connect: connection refused`;
      expect(await failure(`http://127.0.0.1:${port}`)).to.equal(`Get "http://127.0.0.1:${port}": ${dialed}`);
      expect(await failure(`http://127.0.0.1:${port}/x`, { method: 'POST' })).to.equal(
        `Post "http://127.0.0.1:${port}/x": ${dialed}`,
      );
    });

    it('when the name does not resolve', async () => {
      const output = await failure('http://nowhere.invalid/');
      expect(output).to.match(
        /^Get "http:\/\/nowhere.invalid\/": dial tcp: lookup nowhere.invalid: (no such host|server misbehaving)$/,
      );
    });

    it('when there is no answer in time', async () => {
      const url = await listen();
      const startedAt = performance.now();
      expect(await failure(url, {}, 200)).to.equal(
        `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
      );
      expect(performance.now() - startedAt).to.be.within(199, 5000);
    });

    it('when the connection closes or resets without an answer', async () => {
      const closing = await listen((socket) => socket.once('data', () => socket.end()));
      expect(await failure(closing)).to.equal(`Get "${closing}": EOF`);
      const resetting = await listen((socket) => socket.once('data', () => socket.resetAndDestroy()));
      expect(await failure(resetting)).to.equal(`Get "${resetting}": read: connection reset by peer`);
      const switching = await listen((socket) =>
        socket.once('data', () =>
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
        ),
      );
      expect(await failure(switching)).to.equal(`Get "${switching}": EOF`);
    });

    it('when the answer is not HTTP, or its head has no end', async () => {
      const babbling = await listen((socket) => socket.once('data', () => socket.end('220 smtp ready\r\n')));
      expect(await failure(babbling)).to.match(/malformed HTTP response/);
      const bragging = await listen((socket) =>
        socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`)),
      );
      expect(await failure(bragging)).to.match(/response headers exceeded/);
    });

    it('when the certificate does not verify, unless told not to look', async () => {
      const [, url] = await serve((_request, response) => response.end('safe'), TLS);
      expect(await failure(url)).to.equal(
        `Get "${url}": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
      );
      expect(await look(anHttpProbe(url, { tlsSkipVerify: true }))).to.deep.equal([
        'passing',
        `HTTP GET ${url}: 200 OK Output: safe`,
      ]);
      const plain = await listen((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      );
      expect(await failure(plain.replace('http:', 'https:'))).to.match(/does not look like a TLS handshake$/);
    });

    it('when the URL, the method or a header is no such thing', async () => {
      expect(await failure('nonsense')).to.match(/^Get "nonsense": /);
      expect(await failure('ftp://127.0.0.1/')).to.equal(
        'Get "ftp://127.0.0.1/": unsupported protocol scheme "ftp"',
      );
      expect(await failure('http://127.0.0.1/', { method: 'NO WAY' })).to.match(/^No way "http/);
      expect(await failure('http://127.0.0.1/', { headers: { x: ['a\nb'] } })).to.match(/^Get "http/);
    });

    it('without the password of the URL', async () => {
      const port = await closedPort();
      expect(await failure(`http://me:secret@127.0.0.1:${port}/`)).to.match(/^Get "http:\/\/me:\*\*\*@127/);
    });
  });
});
