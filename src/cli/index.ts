import { Command, InvalidArgumentError, Option } from 'commander';
import { RollcallClient, type ServiceDefinition } from '../client/index.ts';

/** Runs a client command; `serve` and `agent` are handled before, and listed here for the help only. */
export async function runCli(argv: readonly string[], version: string): Promise<void> {
  const program = new Command('rollcall')
    .description('Service registry: Consul, Eureka and DNS clients over one catalog.')
    .version(version)
    .option('--url <url>', 'a registry node', process.env['ROLLCALL_URL'] ?? 'http://127.0.0.1:8500');
  const client = () => new RollcallClient({ url: program.opts<{ url: string }>().url });
  program.command('serve').description('run a registry node; see docs/configuration.md for its flags');
  program
    .command('agent')
    .description('run a registry node by the configuration of a Consul agent; see docs/consul-agent.md');
  addVersion(program, version);
  addLookups(program, client);
  addRegistration(program, client);
  addKv(program, client);
  addRedis(program, client);
  if (argv.length === 0) {
    program.outputHelp();
    return;
  }
  await program.parseAsync(argv.map(withTwoDashes), { from: 'user' });
}

/** Consul's scripts write `-format=json`. */
function withTwoDashes(argument: string): string {
  return argument.startsWith('-format') ? `-${argument}` : argument;
}

/** Compat(consul): the shape of `consul version`, for tools that read it; the version is our own. */
function addVersion(program: Command, version: string): void {
  program
    .command('version')
    .description('show the version')
    .addOption(
      new Option('--format <format>', 'how to write it').choices(['pretty', 'json']).default('pretty'),
    )
    .action(({ format }: { format: string }) => {
      const rpc = { Default: 2, Min: 2, Max: 3 };
      if (format === 'pretty') print(`Rollcall v${version}`);
      else print(JSON.stringify({ Version: version, Revision: '', Prerelease: '', RPC: rpc }, null, 3));
    });
}

function addLookups(program: Command, client: () => RollcallClient): void {
  program
    .command('status')
    .description('show what the node says of itself')
    .action(async () => {
      print(JSON.stringify(await client().status(), null, 2));
    });
  program
    .command('cluster')
    .description("list the registry's nodes and what each of them does")
    .action(async () => {
      for (const { name, address, httpPort, status, version, roles = [], checks = 0 } of (
        await client().cluster()
      ).nodes)
        print(
          [
            name,
            `${address}:${String(httpPort)}`,
            status,
            version,
            `checks=${String(checks)}`,
            ...roles,
          ].join(' '),
        );
    });
  program
    .command('services')
    .description('list services and their tags')
    .action(async () => {
      for (const [name, tags] of Object.entries(await client().services())) print([name, ...tags].join(' '));
    });
  program
    .command('instances <service>')
    .description('list healthy instances')
    .action(async (service: string) => {
      for (const { id, address, port } of await client().instances(service))
        print(`${id} ${address}:${String(port)}`);
    });
  program
    .command('owner <service> <key>')
    .description('show which instance owns a key')
    .option('--replicas <n>', 'how many instances to list', integer, 1)
    .action(async (service: string, key: string, options: { replicas: number }) => {
      const { replicas } = await client().owner(service, key, options.replicas);
      for (const { id, address, port } of replicas) print(`${id} ${address}:${String(port)}`);
    });
}

function addRegistration(program: Command, client: () => RollcallClient): void {
  program
    .command('register <name>')
    .description('register an instance')
    .option('--id <id>', 'instance id; default: the name')
    .option('--address <address>', 'IP address or host name')
    .option('--port <port>', 'port', integer)
    .option('--tag <tag...>', 'tags')
    .option('--ttl <seconds>', 'seconds between heartbeats', integer)
    .action(
      async (
        name: string,
        options: { id?: string; address?: string; port?: number; tag?: string[]; ttl?: number },
      ) => {
        const { tag, ttl, ...rest } = options;
        const definition: ServiceDefinition = {
          name,
          ...rest,
          ...(tag && { tags: tag }),
          ...(ttl !== undefined && { ttlSeconds: ttl }),
        };
        await client().register(definition);
      },
    );
  program
    .command('deregister <id>')
    .description('remove an instance')
    .action(async (id: string) => {
      await client().deregister(id);
    });
}

function addKv(program: Command, client: () => RollcallClient): void {
  const kv = program.command('kv').description('read and write configuration keys');
  kv.command('get <key>').action(async (key: string) => {
    const value = await client().get(key);
    if (value === undefined) throw new Error(`no such key: ${key}`);
    process.stdout.write(value);
  });
  kv.command('put <key> <value>').action(async (key: string, value: string) => {
    await client().put(key, value);
  });
  kv.command('delete <key>').action(async (key: string) => {
    await client().delete(key);
  });
}

function addRedis(program: Command, client: () => RollcallClient): void {
  program
    .command('redis')
    .description('operate the Redis behind the registry')
    .command('failover')
    .description('make a replica the primary, losing nothing; writes pause meanwhile')
    .action(async () => {
      const { from, to, withoutWritesMs } = await client().failOverRedis();
      print(`${from} handed over to ${to}; ${String(withoutWritesMs)} ms without writes`);
    });
}

function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected an integer');
  return Number(text);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
