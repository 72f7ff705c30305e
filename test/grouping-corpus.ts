/** A report of a known bug. Those of one bug differ as reports of one bug do. */
type Labelled = { bug: string; report: Record<string, unknown> };

type Frame = [functionName: string, file: string];

const node = (frames: Frame[], root: string, shift: number) => [
  {
    function: 'processTicksAndRejections',
    file: 'node:internal/process/task_queues',
    line: 95 + shift,
  },
  { function: 'next', file: `${root}/node_modules/express/lib/router/index.js`, line: 280 + shift },
  ...frames.map(([name, file], index) => ({
    function: name,
    file: `${root}/${file}`,
    line: 10 * index + shift,
    column: shift,
  })),
];

const page = (frames: Frame[], host: string, hash: string, shift: number) =>
  frames.map(([name, file], index) => ({
    function: name,
    file: `https://${host}/assets/${file.replace('.js', `-${hash}.js`)}${shift % 2 ? `?v=${shift}` : ''}`,
    line: index + shift,
    column: 100 + shift,
  }));

const ids = [
  '01890a5d-ac96-774b-bcce-b302099a8057',
  '4bf92f35-77b3-4da6-a3ce-929d0e0e4736',
  '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  'f47ac10b-58cc-4372-a567-0e02b2c3d479',
];
const hosts = ['cdn.shop.test', 'eu.cdn.shop.test', 'localhost:5173', 'shop.test'];
const hashes = ['3fA9c01b', 'Bq7_x2Zk', 'a41c9e07', 'D3kL0pQ1'];
const roots = ['/srv/app', '/home/deploy/releases/42', 'C:\\app', '/workspace'];
const variants = [0, 1, 2, 3];

/** Of a server: the same code in other folders, with other values in the words. */
const server: [
  bug: string,
  type: string,
  frames: Frame[],
  message: (n: number) => string,
  more?: Record<string, unknown>,
][] = [
  [
    'total of nothing',
    'TypeError',
    [
      ['payOrder', 'src/pay.ts'],
      ['totalOf', 'src/total.ts'],
    ],
    () => "Cannot read properties of undefined (reading 'total')",
  ],
  [
    'other caller of total',
    'TypeError',
    [
      ['previewOrder', 'src/preview.ts'],
      ['totalOf', 'src/total.ts'],
    ],
    () => "Cannot read properties of undefined (reading 'total')",
  ],
  [
    'total of a string',
    'RangeError',
    [
      ['payOrder', 'src/pay.ts'],
      ['totalOf', 'src/total.ts'],
    ],
    (n) => `Invalid total ${n * 17}.${n}`,
  ],
  [
    'mail is refused',
    'MailError',
    [['sendReceipt', 'src/mail.ts']],
    (n) => `550 user${n}@example.org unknown`,
  ],
  [
    'stock is negative',
    'StockError',
    [['reserve', 'src/stock.ts']],
    (n) => `Only ${n} of ${ids[n]} left`,
  ],
  [
    'no user, through request',
    'HttpError',
    [
      ['loadUser', 'src/user.ts'],
      ['request', 'src/http.ts'],
    ],
    (n) => `GET https://api.shop.test/users/${n} answered 404`,
  ],
  [
    'timeout, through request',
    'HttpError',
    [
      ['loadUser', 'src/user.ts'],
      ['request', 'src/http.ts'],
    ],
    (n) => `no answer within ${n + 1}000ms`,
  ],
  [
    'assertion of price',
    'AssertionError',
    [['assert', 'src/assert.ts']],
    (n) => `expected a price, got ${n}`,
  ],
  ['assertion of name', 'AssertionError', [['assert', 'src/assert.ts']], () => 'expected a name'],
  [
    'unique mail',
    'DatabaseError',
    [['saveUser', 'src/db.ts']],
    (n) => `duplicate key: Key (email)=(u${n}@x.org)`,
    { database: { code: '23505' } },
  ],
  [
    'deadlock',
    'DatabaseError',
    [['saveUser', 'src/db.ts']],
    (n) => `deadlock detected, process ${n * 1000}`,
    { database: { code: '40P01' } },
  ],
  [
    'operation Pay forbidden',
    'GraphQLError',
    [['resolve', 'src/resolve.ts']],
    () => 'Forbidden',
    { request: { operationName: 'Pay' }, response: { code: 'FORBIDDEN' } },
  ],
  [
    'operation Refund forbidden',
    'GraphQLError',
    [['resolve', 'src/resolve.ts']],
    () => 'Forbidden',
    { request: { operationName: 'Refund' }, response: { code: 'FORBIDDEN' } },
  ],
];

/** Of a page: rebuilt with another hash, on other hosts. */
const pages: [bug: string, type: string, frames: Frame[], message: (n: number) => string][] = [
  [
    'cart is null',
    'TypeError',
    [
      ['renderCart', 'cart.js'],
      ['sumOf', 'cart.js'],
    ],
    () => 'cart is null',
  ],
  [
    'cart is null elsewhere',
    'TypeError',
    [
      ['renderMiniCart', 'header.js'],
      ['sumOf', 'cart.js'],
    ],
    () => 'cart is null',
  ],
  [
    'storage is full',
    'QuotaExceededError',
    [['saveDraft', 'draft.js']],
    (n) => `Setting the value of 'draft-${n}' exceeded the quota.`,
  ],
  [
    'chart without data',
    'TypeError',
    [
      ['drawChart', 'chart.js'],
      ['scale', 'chart.js'],
    ],
    (n) => `points[${n}] is undefined`,
  ],
];

/** Without a stack: only words. */
const words: [
  bug: string,
  type: string | null,
  message: (n: number) => string,
  more?: Record<string, unknown>,
][] = [
  ['refused connection', 'Error', (n) => `connect ECONNREFUSED 10.0.0.${n}:543${n}`],
  ['unknown host', 'Error', (n) => `getaddrinfo ENOTFOUND db${n}.internal`],
  ['gone session', 'SessionError', (n) => `session ${ids[n]} is gone`],
  ['gone order', 'SessionError', (n) => `order ${ids[n]} is gone`],
  ['late job', null, (n) => `job 01ARZ3NDEKTSV4RRFFQ69G5FA${n} took ${n + 3}.${n} s`],
  ['failed build', null, (n) => `build 3cc18b${n} failed at 2026-11-2${n}T10:00:00Z`],
  ['bad flag', null, (n) => `unknown option dry=${n % 2 === 0}`],
  ['bad quoted', null, (n) => `no index on name="user ${n}"`],
  ['conflict of notes', null, () => 'diverged', { sync: { type: 'conflict', entityType: 'Note' } }],
  [
    'conflict of boards',
    null,
    () => 'diverged',
    { sync: { type: 'conflict', entityType: 'Board' } },
  ],
];

/** 27 bugs, four reports of each. */
export const corpus: Labelled[] = [
  ...server.flatMap(([bug, type, frames, message, more]) =>
    variants.map((n) => ({
      bug,
      report: {
        exceptions: [{ type, message: message(n), frames: node(frames, roots[n] ?? '', n) }],
        ...more,
      },
    })),
  ),
  ...pages.flatMap(([bug, type, frames, message]) =>
    variants.map((n) => ({
      bug,
      report: {
        platform: 'PWA',
        exceptions: [
          { type, message: message(n), frames: page(frames, hosts[n] ?? '', hashes[n] ?? '', n) },
        ],
      },
    })),
  ),
  ...words.flatMap(([bug, type, message, more]) =>
    variants.map((n) => ({
      bug,
      report: type
        ? { exceptions: [{ type, message: message(n) }], ...more }
        : { exceptions: [], message: message(n), ...more },
    })),
  ),
];
