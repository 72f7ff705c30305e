import { expect, test } from 'vitest';
import { dataOf, run } from '../../test/command.ts';
import { openProduct } from '../../test/product.ts';

test('keys are made, listed, rotated and revoked beside the server', async () => {
  const product = await openProduct();
  const env = dataOf(product);
  const create = ['key', 'create', '--scope', 'capture,read', '--participant', 'anna'];

  const made = JSON.parse((await run([...create, '--expires', '90d', '--json'], env)).out);
  const rotated = JSON.parse((await run(['key', 'rotate', made.id, '--json'], env)).out);
  const third = await run(['key', 'rotate', made.id], env);
  const revoked = await run(['key', 'revoke', made.id], env);
  const listed = JSON.parse((await run(['key', 'list', '--json'], env)).out);
  const table = await run(['key', 'list'], env);

  expect(made).toMatchObject({ scopes: ['CAPTURE', 'READ'] });
  expect(rotated).toMatchObject({ rotatedFrom: made.id });
  expect(third).toMatchObject({ code: 1, out: '' });
  expect(revoked).toMatchObject({ code: 0, out: `Revoked ${made.id}.\n` });
  const row = listed.find(({ id }: { id: string }) => id === made.id);
  expect(row).toMatchObject({ revokedAt: expect.any(String) });
  expect(JSON.stringify(listed)).not.toContain(made.secret);
  expect(table.out).toMatch(new RegExp(`${made.id}\\s+revoked`));
  await product.connect({ token: rotated.secret }).ready(10_000);
  const refused = product.connect({ token: made.secret }).ready(10_000);
  await expect(refused).rejects.toThrow(/refused the key/);
});

test('a key is printed once and alone, so that a script can take it; an unknown one is said', async () => {
  const product = await openProduct();
  const env = dataOf(product);

  const plain = await run(['key', 'create', '--scope', 'READ'], env);
  const nobody = await run(['key', 'create', '--scope', 'CAPTURE'], env);
  const elsewhere = await run(['key', 'create', '--scope', 'READ', '--project', 'none'], env);
  const unknown = await run(['key', 'revoke', 'abc'], env);

  expect(plain.out.split('\n')[0]).toMatch(/^cs_[0-9A-Za-z]{36}$/);
  expect(nobody).toMatchObject({ code: 1, err: expect.stringContaining('--participant') });
  expect(elsewhere).toMatchObject({ code: 1, err: expect.stringContaining('Default') });
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('key list') });
});

test('with two projects a command asks which one', async () => {
  const product = await openProduct();
  await product.app.db.project.create({ data: { id: crypto.randomUUID(), name: 'Second' } });
  const create = ['key', 'create', '--scope', 'READ'];

  const unnamed = await run(create, dataOf(product));
  const named = await run([...create, '--project', 'Second'], dataOf(product));

  expect(unnamed).toMatchObject({ code: 1, err: expect.stringContaining('Second') });
  expect(named.code).toBe(0);
});
