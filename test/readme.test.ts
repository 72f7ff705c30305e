import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { makeProgram } from '../src/cli/program.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const { scripts } = JSON.parse(
  await readFile(new URL('../package.json', import.meta.url), 'utf8'),
) as { scripts: Record<string, string> };
const commands = [...readme.matchAll(/npm run -s codesight -- ([^\n`]+)/g)].map(
  (match) => match[1] ?? '',
);

test('every npm script that the README names is there', () => {
  const named = [...readme.matchAll(/npm (?:run )?(?:-s )?([a-z]+)/g)].map(
    (match) => match[1] ?? '',
  );
  const builtIn = new Set(['ci', 'run']);

  expect(named.filter((name) => !builtIn.has(name) && !scripts[name])).toEqual([]);
  expect(new Set(named).size).toBeGreaterThan(9);
});

test('every page and picture that the README and its pages point to is there', async () => {
  const pages = [...readme.matchAll(/\]\((docs\/[^)]+\.md)\)/g)].map((match) => match[1] ?? '');
  const missing = [];
  for (const page of pages) {
    const text = await readFile(new URL(`../${page}`, import.meta.url), 'utf8');
    const linked = [...text.matchAll(/\]\(([^):#]+)\)/g)].map((match) => `docs/${match[1]}`);
    missing.push(...linked.filter((file) => !existsSync(new URL(`../${file}`, import.meta.url))));
  }

  expect(missing).toEqual([]);
  expect(pages).toContain('docs/extension.md');
});

test('every codesight command that the README names is there, and so is every file it is given', () => {
  const known = new Set(makeProgram().commands.map((command) => command.name()));
  const words = commands.map((line) => line.split(/\s+/));

  expect(words.filter(([name]) => !name?.startsWith('-') && !known.has(name ?? ''))).toEqual([]);
  const files = words.flat().filter((word) => /^(examples|test)\//.test(word));
  expect(files.filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)))).toEqual([]);
  expect(files.length).toBe(3);
});
