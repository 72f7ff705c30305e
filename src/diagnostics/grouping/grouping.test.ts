import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { ask, makeViewer, openTestApp } from '../../../test/app.ts';
import { corpus } from '../../../test/grouping-corpus.ts';
import { anException, aReport, take } from '../../../test/reports.ts';
import { Report } from '../../contract/report.ts';
import { categoryOf } from '../intake/classify.ts';

import { fileOf, functionOf } from './frames.ts';
import { groupReport } from './group.ts';
import { parseRules } from './rules.ts';

function group(over: Record<string, unknown>, rules = '') {
  const report = Report.parse(aReport(over));
  const { hash, explanation } = groupReport(report, categoryOf(report), parseRules(rules));
  return { hash: hash.toString('hex'), ...explanation };
}
const counted = (over: Record<string, unknown>, rules = '') =>
  group(over, rules)
    .parts.filter(({ counts }) => counts)
    .map(({ kind, value }) => `${kind}: ${value}`);

test('order: fingerprint given by the client, then project rules, then default', () => {
  const rules = 'type:TypeError -> fingerprint types {{ function }}';

  expect(group({}).way).toBe('IN_APP_FRAMES');
  expect(group({}, rules)).toMatchObject({
    way: 'RULE',
    rule: rules,
    parts: [{ value: 'types' }, { value: 'totalOf' }],
  });
  expect(group({ fingerprint: ['mine'] }, rules)).toMatchObject({
    way: 'CLIENT',
    rule: null,
    parts: [{ value: 'mine' }],
  });
  expect(group({ fingerprint: ['{{ default }}'] }).hash).toBe(group({}).hash);
  const both = group({ fingerprint: ['mine', '{{default}}'] });
  expect(both.parts.map(({ value }) => value)).toEqual([
    'mine',
    ...group({}).parts.map(({ value }) => value),
  ]);
});

test('default: the in-app frames of every chained error with its type; else system frames; else the message', () => {
  const library = { file: '/srv/node_modules/pg/client.js', function: 'query' };
  const own = { file: '/srv/src/a.ts', function: 'load' };
  const chained = [
    anException({ type: 'Outer', frames: [library, own] }),
    anException({ type: 'Inner', frames: [library] }),
  ];

  expect(counted({ exceptions: chained })).toEqual([
    'type: Outer',
    'frame: load in a.ts',
    'type: Inner',
  ]);
  expect(
    counted({ exceptions: [anException({ frames: [{ ...library, function: 'parse' }] })] }),
  ).toEqual(['type: TypeError', 'frame: parse in client.js']);
  expect(counted({ exceptions: [{ type: 'E42', message: '\n\nfirst 7\nsecond\nthird' }] })).toEqual(
    ['type: E42', 'message: first <int>\nsecond'],
  );
});

test('file: lower-cased base name without origin, query and bundler hash; origins, <anonymous> and native code do not count', () => {
  for (const name of [
    'https://a.test/assets/Main-3fA9c01b.js?v=7',
    'https://b.test/x/main.3fa9c01b.js',
    'webpack:///./src/main.js',
    '/srv/main.min.js',
    'C:\\srv\\MAIN-A2B3C4D5.js',
    'main.js',
  ])
    expect(fileOf(name)?.replace('.min', '')).toBe('main.js');
  for (const name of [
    'https://a.test/',
    'https://a.test',
    '<anonymous>',
    'native',
    '[native code]',
    '',
  ])
    expect(fileOf(name)).toBeNull();
  for (const name of [
    'user-settings.ts',
    'fetch-api.js',
    'index.html.js',
    'userList.tsx',
    'use-checkout.js',
  ])
    expect(fileOf(name)).toBe(name.toLowerCase());
});

test('function: last dotted segment; anonymous names do not count', () => {
  expect(
    ['a.b.save', 'async Cart.save', 'new Cart', 'Object.save [as go]', 'Cart#save'].map(functionOf),
  ).toEqual(['save', 'save', 'Cart', 'save', 'save']);
  for (const name of ['<anonymous>', 'anonymous', 'Object.<anonymous>', '', '(anonymous)'])
    expect(functionOf(name)).toBeNull();
});

test('eval and native frames and adjacent repeats are dropped', () => {
  const own = { file: '/srv/src/a.ts', function: 'walk' };
  const frames = [
    own,
    own,
    { file: 'eval at run (x.js)', function: 'eval' },
    { file: 'native', function: 'map' },
    own,
  ];

  expect(counted({ exceptions: [{ type: 'E', frames }] })).toEqual(['frame: walk in a.ts']);
});

test('if the top in-app frame is a shared wrapper, the normalised message is added', () => {
  const via = (message: string, name: string) =>
    group({
      exceptions: [
        { type: 'Error', message, frames: [{ file: '/srv/src/http.ts', function: name }] },
      ],
    }).hash;

  expect(via('no user 1', 'request')).not.toBe(via('no order 1', 'request'));
  expect(via('no user 1', 'request')).toBe(via('no user 2', 'request'));
  expect(via('no user 1', 'loadUser')).toBe(via('no order 1', 'loadUser'));
});

test('discriminators tell equal stacks apart, never an entity’s id', () => {
  const discriminators = [
    { request: { operationName: 'Pay' } },
    { response: { path: ['orders', 3, 'total'] } },
    { response: { code: 'FORBIDDEN' } },
    { database: { code: '23505' } },
    { contract: { operation: 'Pay', violation: 'TIMEOUT' } },
    { contract: { operation: 'Pay', violation: 'TIMEOUT', pointer: '/data/0/id' } },
    { sync: { type: 'conflict', entityType: 'Note' } },
  ];
  expect(new Set([{}, ...discriminators].map((over) => group(over).hash)).size).toBe(8);
  expect(group({ response: { path: ['orders', 4, 'total'] } }).hash).toBe(
    group({ response: { path: ['orders', 3, 'total'] } }).hash,
  );
  expect(counted({ contract: { violation: 'TIMEOUT', pointer: '/data/12/id' } })).toContain(
    'pointer: /data/*/id',
  );
});

test('a rule says whose a frame is, and what is no rule is refused with its line', () => {
  expect(counted({}, 'file:*/checkout/total.ts -> not-in-app')).toEqual([
    'type: TypeError',
    'frame: payOrder in pay.ts',
  ]);
  expect(counted({}, 'function:totalOf -> wrapper # shared')).toContain(
    "message: Cannot read properties of undefined (reading 'total')",
  );
  expect(group({}, '!category:OTHER -> fingerprint x').way).toBe('IN_APP_FRAMES');
  for (const [text, problem] of [
    ['type:A', 'Line 1'],
    ['# ok\nkind:A -> in-app', 'Line 2'],
    ['type:A -> fingerprint {{ id }}', 'got id'],
    ['category:NONE -> in-app', 'a category'],
  ])
    expect(() => parseRules(text ?? '')).toThrow(problem);
});

test('different troubles apart, equal ones together: over the corpus', () => {
  const labelled = corpus.map(({ bug, report }) => ({ bug, hash: group(report).hash }));
  const pairs = { together: 0, wronglyTogether: 0, apart: 0 };
  labelled.forEach((a, index) => {
    for (const b of labelled.slice(index + 1)) {
      const [isSame, isGrouped] = [a.bug === b.bug, a.hash === b.hash];
      if (isSame && isGrouped) pairs.together += 1;
      else if (isGrouped) pairs.wronglyTogether += 1;
      else if (isSame) pairs.apart += 1;
    }
  });
  const precision = pairs.together / (pairs.together + pairs.wronglyTogether);
  const recall = pairs.together / (pairs.together + pairs.apart);

  expect(precision).toBeGreaterThanOrEqual(0.98);
  expect(recall).toBeGreaterThanOrEqual(0.95);
});

// ── Rebuilt and redeployed ────────────────────────────────────────────────────────────────────────

const run = promisify(execFile);

const source = (banner: string) => `${banner}
  function readTotal(order) { return order.lines.total; }
  function renderCart(cart) { return 'sum: ' + readTotal(cart.order); }
  export function openPage(cart) { return renderCart(cart) + '!'; }
`;

/** Minifies, runs and lets fail what was built; answers with the stack as the engine gave it. */
async function failingBuild(banner: string) {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-build-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'shop-page.ts'), source(banner));
  const { metafile } = await build({
    entryPoints: [join(dir, 'shop-page.ts')],
    outdir: join(dir, 'out'),
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    sourcemap: 'linked',
    metafile: true,
    absWorkingDir: dir,
    logLevel: 'silent',
  });
  const file = Object.keys(metafile.outputs).find((name) => name.endsWith('.mjs')) ?? '';
  const map = await readFile(join(dir, `${file}.map`));
  const script = `const { openPage } = await import(${JSON.stringify(pathToFileURL(join(dir, file)).href)});
    try { openPage({ order: {} }); } catch (error) { console.log(error.stack); }`;
  const { stdout: stack } = await run(process.execPath, ['--input-type=module', '-e', script]);
  const frames = [...stack.matchAll(/at (?:(\S+) \()?(file:[^)\s]+?):(\d+):(\d+)\)?/g)]
    .filter(([, , path]) => path?.endsWith('.mjs') && path.includes('shop-page'))
    .map(([, name, path, line, column]) => ({
      function: name ?? null,
      file: `https://cdn.test/assets/${path?.split('/').at(-1)}`,
      line: Number(line),
      column: Number(column),
    }))
    .reverse();
  return { file, map, frames };
}

test('the same bug rebuilt and redeployed stays one issue', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['ADMIN'], participant: null });
  const builds = [
    await failingBuild(''),
    await failingBuild(`let unusedBefore = 1; function a1(x) { return x * Math.random(); }
      export const more = (n) => a1(n) + unusedBefore++;\n\n\n`),
  ];
  expect(builds[0]?.file).not.toBe(builds[1]?.file);
  expect(builds.map(({ frames }) => frames.length)).toEqual([3, 3]);
  const save =
    'mutation ($input: SaveSourceMapInput!) { saveSourceMap(input: $input) { __typename ... on Problem { message } } }';

  for (const [index, { file, map, frames }] of builds.entries()) {
    const release = `web@1.0.${index}`;
    const input = { release, file, contentGzip: gzipSync(map).toString('base64') };
    expect(await ask(app, viewer, save, { input })).toMatchObject({
      saveSourceMap: { __typename: 'SourceMap' },
    });
    await take(app, viewer.projectId, [
      aReport({ platform: 'PWA', environment: { release }, exceptions: [anException({ frames })] }),
    ]);
  }

  const issues = await app.db.errorIssue.findMany();
  expect(issues).toMatchObject([
    { count: 2n, firstRelease: 'web@1.0.0', lastRelease: 'web@1.0.1' },
  ]);
  expect(issues[0]?.culprit).toContain('shop-page.ts');
});
