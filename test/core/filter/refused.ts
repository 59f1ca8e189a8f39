import type { Group } from './group.ts';

/** Filters that are refused, and the detail that says why. */
export const REFUSED: readonly Group[] = [
  {
    about: 'what is not there',
    subject: 'nodes',
    rows: [
      ['Bogus == 1', 'Selector "Bogus" is not valid'],
      ['Node.Bogus == 1', 'Selector "Node.Bogus" is not valid'],
      ['Meta.env.more == 1', 'Selector "Meta.env.more" is not valid'],
      ['Meta.team.name == "web shop"', 'Selector "Meta.team.name" is not valid'],
      ['bogus in Bogus', 'Selector "Bogus" is not valid'],
      ['Bogus.more.still == 1', 'Selector "Bogus" is not valid'],
      ['Bogus["a b"].c is empty', 'Selector "Bogus" is not valid'],
      [String.raw`Meta["a\tb"].c == 1`, String.raw`Selector "Meta.a\tb.c" is not valid`],
      ['constructor == 1', 'Selector "constructor" is not valid'],
      ['node == a', 'Selector "node" is not valid'],
      ['CreateIndex == 1', 'Selector "CreateIndex" is not valid'],
      ['ModifyIndex is empty', 'Selector "ModifyIndex" is not valid'],
      ['Node == a and Bogus == 1 or Worse == 1', 'Selector "Bogus" is not valid'],
      ['not Bogus == 1', 'Selector "Bogus" is not valid'],
      ['Node == "filter-1" or Bogus == 1', 'Selector "Bogus" is not valid'],
      ['Node["Node"] == 1', 'Selector "Node.Node" is not valid'],
    ],
  },
  {
    about: 'operators that do not fit',
    subject: 'nodes',
    rows: [
      ['Node is empty', 'Invalid match operator "Is Empty" for selector "Node"'],
      ['Node is not empty', 'Invalid match operator "Is Not Empty" for selector "Node"'],
      ['Meta == a', 'Invalid match operator "Equal" for selector "Meta"'],
      ['Meta != a', 'Invalid match operator "Not Equal" for selector "Meta"'],
      ['Meta matches a', 'Invalid match operator "Matches" for selector "Meta"'],
      ['Meta.env is empty', 'Invalid match operator "Is Empty" for selector "Meta.env"'],
      [
        'TaggedAddresses not matches a',
        'Invalid match operator "Not Matches" for selector "TaggedAddresses"',
      ],
      ['Meta not matches "("', 'Invalid match operator "Not Matches" for selector "Meta"'],
    ],
  },
  {
    about: 'patterns',
    subject: 'nodes',
    rows: [
      [
        'Node matches "("',
        'Failed to compile regular expression "(": error parsing regexp: missing closing ): `(`',
      ],
      [
        'Node not matches ")"',
        'Failed to compile regular expression ")": error parsing regexp: unexpected ): `)`',
      ],
      [
        'Node matches "["',
        'Failed to compile regular expression "[": error parsing regexp: missing closing ]: `[`',
      ],
      [
        'Node matches "*"',
        'Failed to compile regular expression "*": error parsing regexp: missing argument to repetition operator: `*`',
      ],
      [
        'Node matches "a**"',
        'Failed to compile regular expression "a**": error parsing regexp: invalid nested repetition operator: `**`',
      ],
      [
        'Node matches "a{1001}"',
        'Failed to compile regular expression "a{1001}": error parsing regexp: invalid repeat count: `{1001}`',
      ],
      [
        'Node matches `\\`',
        'Failed to compile regular expression "\\\\": error parsing regexp: trailing backslash at end of expression: ``',
      ],
      [
        'Node matches `\\8`',
        'Failed to compile regular expression "\\\\8": error parsing regexp: invalid escape sequence: `\\8`',
      ],
      [
        'Node matches `(?=a)`',
        'Failed to compile regular expression "(?=a)": error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
      ],
      [
        'Node matches `(?z)`',
        'Failed to compile regular expression "(?z)": error parsing regexp: invalid or unsupported Perl syntax: `(?z`',
      ],
      [
        'Node matches `[z-a]`',
        'Failed to compile regular expression "[z-a]": error parsing regexp: invalid character class range: `z-a`',
      ],
      [
        'Node matches `[[:nope:]]`',
        'Failed to compile regular expression "[[:nope:]]": error parsing regexp: invalid character class range: `[:nope:]`',
      ],
      [
        'Node matches `\\pX`',
        'Failed to compile regular expression "\\\\pX": error parsing regexp: invalid character class range: `\\pX`',
      ],
      [
        'Node matches `a{2,1}`',
        'Failed to compile regular expression "a{2,1}": error parsing regexp: invalid repeat count: `{2,1}`',
      ],
      [
        'Node matches "é("',
        'Failed to compile regular expression "é(": error parsing regexp: missing closing ): `é(`',
      ],
      [
        String.raw`Node matches "\n("`,
        'Failed to compile regular expression "\\n(": error parsing regexp: missing closing ): `\n(`',
      ],
    ],
  },
  {
    about: 'selectors and groups',
    subject: 'nodes',
    rows: [
      ['Node in ', '1:9 (8): rule "match": Invalid selector'],
      ['(Node == a', '1:11 (10): rule "grouping": Unmatched parentheses'],
      ['((Node == a)', '1:13 (12): rule "grouping": Unmatched parentheses'],
      ['(Node == a\n', '2:1 (11): rule "grouping": Unmatched parentheses'],
      ['3 not in ', '1:10 (9): rule "match": Invalid selector'],
    ],
  },
  {
    about: 'literals',
    subject: 'nodes',
    rows: [
      [String.raw`Bogus["é\"] == 1`, '1:7 (6): rule "string": invalid syntax'],
      ['Node == 3abc', '1:10 (9): rule "number": Invalid number literal'],
      ['Node == 007', '1:10 (9): rule "number": Invalid number literal'],
      ['Node == 0x7', '1:10 (9): rule "number": Invalid number literal'],
      ['Node == 1.', '1:10 (9): rule "number": Invalid number literal'],
      ['Node == 1.2.3', '1:12 (11): rule "number": Invalid number literal'],
      ['Node == 1e5', '1:10 (9): rule "number": Invalid number literal'],
      ['Node == "abc', '1:13 (12): rule "string": Unterminated string literal'],
      ['Node == `abc', '1:13 (12): rule "string": Unterminated string literal'],
      [String.raw`Node == "abc\"`, '1:9 (8): rule "string": invalid syntax'],
      ['Node == "a\nb"', '1:9 (8): rule "string": invalid syntax'],
      [String.raw`Node == "\q"`, '1:9 (8): rule "string": invalid syntax'],
      [String.raw`Node == "\'"`, '1:9 (8): rule "string": invalid syntax'],
      [String.raw`Node == "\777"`, '1:9 (8): rule "string": invalid syntax'],
      [String.raw`Node == "\U00110000"`, '1:9 (8): rule "string": invalid syntax'],
      [String.raw`Node == "\x4"`, '1:9 (8): rule "string": invalid syntax'],
      ['Node["a"', '1:9 (8): rule "index": Unclosed index expression'],
      ['Node["a" == 1', '1:10 (9): rule "index": Unclosed index expression'],
      ['Node[a] == 1', '1:6 (5): rule "index": Invalid index'],
      ['Node[] == 1', '1:6 (5): rule "index": Invalid index'],
      ['Node[', '1:6 (5): rule "index": Invalid index'],
      [
        'Node["a',
        '1:8 (7): rule "string": Unterminated string literal\n1:6 (5): rule "index": Invalid index',
      ],
      ['Meta[ "a" b] == 1', '1:11 (10): rule "index": Unclosed index expression'],
      ['3 in 3', '1:6 (5): rule "match": Invalid selector'],
      ['a in 3', '1:6 (5): rule "match": Invalid selector'],
      ['a not in "b"', '1:10 (9): rule "match": Invalid selector'],
      ['a in (b)', '1:6 (5): rule "match": Invalid selector'],
      [
        String.raw`"\q" in "\w"`,
        '1:1 (0): rule "string": invalid syntax\n1:9 (8): rule "match": Invalid selector',
      ],
      ['(a in 3)', '1:7 (6): rule "match": Invalid selector'],
      ['((Node == a) or (Node == b)', '1:28 (27): rule "grouping": Unmatched parentheses'],
      ['(Node == "abc', '1:14 (13): rule "string": Unterminated string literal'],
      ['not (Node == 3abc', '1:15 (14): rule "number": Invalid number literal'],
      [String.raw`Node == 3abc or Node == "\q"`, '1:10 (9): rule "number": Invalid number literal'],
      ['1a in 3', '1:2 (1): rule "number": Invalid number literal'],
    ],
  },
  {
    about: 'values that do not fit',
    subject: 'instances',
    rows: [
      [
        'Service.Port == web',
        'Failed to coerce value "web" for selector "Service.Port": strconv.ParseInt: parsing "web": invalid syntax',
      ],
      [
        'Service.Port == 1.5',
        'Failed to coerce value "1.5" for selector "Service.Port": strconv.ParseInt: parsing "1.5": invalid syntax',
      ],
      [
        'Service.Port == ""',
        'Failed to coerce value "" for selector "Service.Port": strconv.ParseInt: parsing "": invalid syntax',
      ],
      [
        'Service.Port == "0x"',
        'Failed to coerce value "0x" for selector "Service.Port": strconv.ParseInt: parsing "0x": invalid syntax',
      ],
      [
        'Service.Port == "1__0"',
        'Failed to coerce value "1__0" for selector "Service.Port": strconv.ParseInt: parsing "1__0": invalid syntax',
      ],
      [
        'Service.Port == "08"',
        'Failed to coerce value "08" for selector "Service.Port": strconv.ParseInt: parsing "08": invalid syntax',
      ],
      [
        'Service.Port == 9223372036854775808',
        'Failed to coerce value "9223372036854775808" for selector "Service.Port": strconv.ParseInt: parsing "9223372036854775808": value out of range',
      ],
      [
        'Service.Port == -9223372036854775809',
        'Failed to coerce value "-9223372036854775809" for selector "Service.Port": strconv.ParseInt: parsing "-9223372036854775809": value out of range',
      ],
      [
        'Service.Port != "8080 "',
        'Failed to coerce value "8080 " for selector "Service.Port": strconv.ParseInt: parsing "8080 ": invalid syntax',
      ],
      ['80 in Service.Port', 'Invalid match operator "In" for selector "Service.Port"'],
      ['Service.Port is empty', 'Invalid match operator "Is Empty" for selector "Service.Port"'],
      ['Service.Port matches "8"', 'Invalid match operator "Matches" for selector "Service.Port"'],
      ['Service.Port contains 8', 'Invalid match operator "In" for selector "Service.Port"'],
      [
        'Service.EnableTagOverride == yes',
        'Failed to coerce value "yes" for selector "Service.EnableTagOverride": strconv.ParseBool: parsing "yes": invalid syntax',
      ],
      [
        'Service.EnableTagOverride == ""',
        'Failed to coerce value "" for selector "Service.EnableTagOverride": strconv.ParseBool: parsing "": invalid syntax',
      ],
      [
        'Service.EnableTagOverride is empty',
        'Invalid match operator "Is Empty" for selector "Service.EnableTagOverride"',
      ],
      ['Service.Tags == v1', 'Invalid match operator "Equal" for selector "Service.Tags"'],
      ['Service.Tags matches v1', 'Invalid match operator "Matches" for selector "Service.Tags"'],
      ['Service.Tags.v1 == a', 'Selector "Service.Tags.v1" is not valid'],
      ['Checks == a', 'Invalid match operator "Equal" for selector "Checks"'],
      ['a in Checks', 'Invalid match operator "In" for selector "Checks"'],
      ['Checks matches a', 'Invalid match operator "Matches" for selector "Checks"'],
      ['Checks.Bogus == a', 'Selector "Checks.Bogus" is not valid'],
      ['Checks.Definition is empty', 'Selector "Checks.Definition" is not valid'],
      ['Service.Weights is empty', 'Invalid match operator "Is Empty" for selector "Service.Weights"'],
      ['Service.Weights == 1', 'Invalid match operator "Equal" for selector "Service.Weights"'],
      ['Service == web', 'Invalid match operator "Equal" for selector "Service"'],
      ['Service is empty', 'Invalid match operator "Is Empty" for selector "Service"'],
      [
        'Service.TaggedAddresses.lan == a',
        'Invalid match operator "Equal" for selector "Service.TaggedAddresses.lan"',
      ],
      [
        'Service.TaggedAddresses.lan is empty',
        'Invalid match operator "Is Empty" for selector "Service.TaggedAddresses.lan"',
      ],
      [
        'Service.TaggedAddresses.lan.Port == a',
        'Failed to coerce value "a" for selector "Service.TaggedAddresses.lan.Port": strconv.ParseInt: parsing "a": invalid syntax',
      ],
      ['Service.Proxy.Config is empty', 'Selector "Service.Proxy.Config" is not valid'],
      [
        'Service.Proxy.Upstreams == a',
        'Invalid match operator "Equal" for selector "Service.Proxy.Upstreams"',
      ],
      ['Service.Proxy.Upstreams.Config is empty', 'Selector "Service.Proxy.Upstreams.Config" is not valid'],
      ['Service.Proxy.Upstreams.Bogus == 1', 'Selector "Service.Proxy.Upstreams.Bogus" is not valid'],
      ['Node.Node is empty', 'Invalid match operator "Is Empty" for selector "Node.Node"'],
      [
        'Service.Port == web and Bogus == 1',
        'Failed to coerce value "web" for selector "Service.Port": strconv.ParseInt: parsing "web": invalid syntax',
      ],
      ['Service.ServiceConnect.Native == true', 'Selector "Service.ServiceConnect" is not valid'],
      ['Service.Connect.SidecarService is empty', 'Selector "Service.Connect.SidecarService" is not valid'],
      ['Checks.CheckId == a', 'Selector "Checks.CheckId" is not valid'],
    ],
  },
  {
    about: 'what does not fit',
    subject: 'services',
    rows: [
      ['ContentHash == a', 'Selector "ContentHash" is not valid'],
      ['Datacenter == dc1', 'Selector "Datacenter" is not valid'],
      [
        'Port == eighty',
        'Failed to coerce value "eighty" for selector "Port": strconv.ParseInt: parsing "eighty": invalid syntax',
      ],
      ['Namespace == a', 'Selector "Namespace" is not valid'],
      ['Tags == a', 'Invalid match operator "Equal" for selector "Tags"'],
      ['(Port == 80', '1:12 (11): rule "grouping": Unmatched parentheses'],
    ],
  },
];
