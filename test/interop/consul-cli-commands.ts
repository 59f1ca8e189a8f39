/** A command line of `consul`, what it must print, and whether that is to the letter what Consul makes it print. */
export interface CliCommand {
  /** Split at spaces. */
  readonly line: string;
  readonly stdin?: string;
  /** Default: 0. */
  readonly code?: number;
  /** In stdout and stderr together; proven on the original too. */
  readonly shows: RegExp;
  /** Why the rest of the output is not that of Consul 1.8.7. */
  readonly differs?: string;
}

/** Files that the commands name, by path. */
export const FILES: Readonly<Record<string, string>> = {
  'web.json': JSON.stringify({
    service: { id: 'web-1', name: 'web', port: 80, tags: ['v1', 'blue'], check: { ttl: '10m' } },
  }),
  'import.json': JSON.stringify([
    { key: 'in/one', flags: 18446744073709551615n.toString(), value: 'AP8=' },
    { key: 'in/two', flags: 0, value: '' },
  ]).replace(/"(\d{20})"/, '$1'),
  'bytes.bin': 'from a file',
};

const TWO_NODES = 'the registry node and its agent are two nodes, where a Consul server is one';
const NEWER = 'the words of Consul 1.12 and later';
const OWN_FORMAT = 'the archive has a format of our own';

/** In this order: later commands see what earlier ones did. */
export const COMMANDS: readonly CliCommand[] = [
  { line: 'members', shows: /^agent-1 +127\.0\.0\.1:\d+ +alive /m, differs: TWO_NODES },
  { line: 'members -detailed', shows: /^agent-1 .*\bdc=dc1,.*\bid=UUID\b/m, differs: TWO_NODES },
  { line: 'members -status=^failed$', code: 2, shows: /^$/ },
  { line: 'catalog datacenters', shows: /^dc1$/m },
  { line: 'catalog nodes', shows: /^agent-1 .* 127\.0\.0\.1 +dc1$/m, differs: TWO_NODES },
  { line: 'catalog nodes -detailed', shows: /^agent-1 +UUID .*wan=127\.0\.0\.1/m, differs: TWO_NODES },
  { line: 'catalog services', shows: /^consul$/m },

  { line: 'services register web.json', shows: /^Registered service: web$/m },
  {
    line: 'services register -name=api -id=api-1 -port=81 -tag=x -meta=a=b',
    shows: /^Registered service: api$/m,
  },
  { line: 'services register', code: 1, shows: /requires at least one argument or flags/ },
  { line: 'catalog services -tags', shows: /^api +x\s+consul +\s+web +blue,v1$/m },
  { line: 'catalog nodes -service=web', shows: /^agent-1 +ID +127\.0\.0\.1 +dc1$/m },
  { line: 'catalog nodes -service=nope', shows: /No nodes match the given query/ },
  { line: 'catalog services -node=agent-1', shows: /^api[^]*^web$/m, differs: TWO_NODES },
  { line: 'maint -enable -service=web-1 -reason=disk', shows: /^Service maintenance is now enabled/m },
  { line: 'maint', shows: /ID: +web-1\s+Reason: disk/ },
  { line: 'maint -disable -service=web-1', shows: /^Service maintenance is now disabled/m },
  { line: 'maint -enable -service=nope', code: 1, shows: /404.*nope/, differs: NEWER },
  { line: 'maint -enable -reason=upgrade', shows: /^Node maintenance is now enabled$/m },
  { line: 'maint', shows: /Name: +agent-1\s+Reason: upgrade/ },
  { line: 'maint -disable', shows: /^Node maintenance is now disabled$/m },
  { line: 'maint', shows: /^$/ },
  { line: 'services deregister -id=api-1', shows: /^Deregistered service: api-1$/m },
  { line: 'services deregister web.json', shows: /^Deregistered service: web-1$/m },
  { line: 'catalog services', shows: /^consul$/m },

  { line: 'kv put a/b hello', shows: /^Success! Data written to: a\/b$/m },
  { line: 'kv put -flags=18446744073709551615 a/c world', shows: /^Success!/m },
  { line: 'kv put -base64 a/d AP8=', shows: /^Success!/m },
  { line: 'kv put a/e -', stdin: 'from stdin', shows: /^Success!/m },
  { line: 'kv put a/f @bytes.bin', shows: /^Success!/m },
  { line: 'kv put a/g', shows: /^Success!/m },
  { line: 'kv put a/h%2Fi%20ü/ strange', shows: /^Success!/m },
  { line: 'kv get a/b', shows: /^hello$/m },
  { line: 'kv get -detailed a/c', shows: /Flags +18446744073709551615[^]*Value +world/ },
  { line: 'kv get -base64 a/d', shows: /^AP8=$/m },
  { line: 'kv get a/f', shows: /^from a file$/m },
  { line: 'kv get -recurse a/', shows: /^a\/b:hello[^]*^a\/e:from stdin$/m },
  { line: 'kv get -recurse -detailed a/', shows: /Value +strange/ },
  { line: 'kv get -keys -separator=/ a', shows: /^a\/$/m },
  { line: 'kv get -keys a/', shows: /^a\/b$[^]*^a\/h%2Fi%20ü\/$/m },
  { line: 'kv get -stale a/b', shows: /^hello$/m },
  { line: 'kv get nope', code: 1, shows: /^Error! No key exists at: nope$/m },
  { line: 'kv put -cas -modify-index=1 a/b twice', code: 1, shows: /CAS failed/ },
  { line: 'kv delete -cas -modify-index=1 a/b', code: 1, shows: /CAS failed/ },
  {
    line: `kv put -acquire -session=${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)} a/b x`,
    code: 1,
    shows: /invalid session/,
  },
  { line: 'kv export a/', shows: /"flags": 18446744073709551615,\s+"value": "d29ybGQ="/ },
  { line: 'kv import @import.json', shows: /^Imported: in\/one\s+Imported: in\/two$/m },
  { line: 'kv import -', stdin: '[{"key":"in/three","flags":3,"value":"eA=="}]', shows: /in\/three/ },
  { line: 'kv export in/', shows: /"flags": 18446744073709551615,\s+"value": "AP8="/ },
  { line: 'kv delete a/b', shows: /^Success! Deleted key: a\/b$/m },
  { line: 'kv delete -recurse in/', shows: /^Success! Deleted keys with prefix: in\/$/m },
  { line: 'kv get -recurse in/', shows: /^$/ },

  { line: 'event -name=deploy -service=web payload', shows: /^Event ID: UUID$/m },
  { line: 'event', code: 1, shows: /Event name must be specified/ },

  { line: 'snapshot save registry.snap', shows: /^Saved and verified snapshot to index N$/m },
  {
    line: 'snapshot inspect registry.snap',
    shows: /^ID +\S+\s+Size +\d+\s+Index +N\s+Term +\d+$/m,
    differs: OWN_FORMAT,
  },
  { line: 'kv put a/c overwritten', shows: /^Success!/m },
  { line: 'kv delete a/f', shows: /^Success!/m },
  { line: 'snapshot restore registry.snap', shows: /^Restored snapshot$/m },
  { line: 'kv get a/c', shows: /^world$/m },
  { line: 'kv get a/f', shows: /^from a file$/m },

  { line: 'operator raft list-peers', shows: /leader +true/, differs: TWO_NODES },
  { line: 'operator autopilot get-config', shows: /CleanupDeadServers/ },
  { line: 'info', shows: /leader = true/, differs: 'we have neither Raft nor Serf to tell of' },
  { line: 'reload', shows: /^Configuration reload triggered$/m },
  { line: 'acl token list', code: 1, shows: /401 \(ACL support disabled\)/ },
  { line: 'config list -kind=service-defaults', shows: /^$/ },
  { line: 'intention match web', shows: /^$/ },
];
