import { expect, onTestFinished, test } from 'vitest';
import { openReporting } from '../../test/reporting.ts';
import { registerContracts } from '../diagnostics/contracts/register.ts';
import { openChecks } from './checks.ts';
import { openReporter } from './node.ts';

const price = {
  service: 'shop',
  operation: 'price',
  version: '1',
  kind: 'HTTP',
  response: { type: 'object', required: ['price'] },
};

/** A page of another platform that counts how one contract is kept, and a way to the server that may fail. */
async function openCounting() {
  const { app, server, reportKey, projectId } = await openReporting();
  const [hash = ''] = await registerContracts(app, projectId, [price]);
  const faults: unknown[] = [];
  const ways = { isCutAfter: false, isDown: false };
  const checks = openChecks({
    url: server.url,
    key: reportKey.secret,
    onFault: (fault) => faults.push(fault),
    fetch: async (url, init) => {
      if (ways.isDown) throw new TypeError('fetch failed');
      const response = await fetch(url, init);
      if (ways.isCutAfter) throw new TypeError('the answer was cut');
      return response;
    },
  });
  const contract = { operation: 'price', path: '/price', hash };
  const counted = async () => {
    const { checkCount, baselineSamples } = await app.db.contract.findFirstOrThrow();
    return { checks: Number(checkCount), samples: baselineSamples };
  };
  return { checks, contract, counted, faults, ways, app };
}

test('checks that held are counted, and the types of the first answers are sampled', async () => {
  const { checks, contract, counted, app } = await openCounting();
  const reporter = openReporter({
    url: 'http://127.0.0.1:9',
    key: 'none',
    service: 'shop',
    platform: 'SERVER',
    automatic: { errors: false },
    contracts: [contract],
    onCall: checks.onCall,
  });
  onTestFinished(() => reporter.close(0));
  const ask = reporter.wrapFetch(async (_url: string) =>
    Response.json({ price: 'secret', jane_doe: 1 }),
  );
  const properties = { price: {} };
  Object.assign(contract, { response: { type: 'object', required: ['price'], properties } });

  for (let time = 0; time < 30; time += 1) await (await ask('http://shop.example/price')).json();

  await expect.poll(() => checks.flush()).toBe(true);
  expect(await counted()).toEqual({ checks: 30, samples: 20 });
  const { baselineShape } = await app.db.contract.findFirstOrThrow();
  expect(baselineShape).toEqual({
    '': { object: 20 },
    '/price': { string: 20 },
    '/*': { integer: 20 }, // the contract names no such property: it may be somebody's name
  });
});

test('what was told and not answered for is told again, and counts once', async () => {
  const { checks, contract, counted, ways, faults } = await openCounting();
  ways.isCutAfter = true;
  checks.onCall(contract);

  expect(await checks.flush()).toBe(false);
  checks.onCall(contract);
  ways.isCutAfter = false;

  expect(await checks.flush()).toBe(true);
  expect(await counted()).toEqual({ checks: 1, samples: 0 });
  await checks.close();
  expect(await counted()).toEqual({ checks: 2, samples: 0 });
  expect(faults).toHaveLength(1);
});

test('a server that is away does not stop the counting', async () => {
  const { checks, contract, counted, ways } = await openCounting();
  ways.isDown = true;
  for (let time = 0; time < 5; time += 1) {
    checks.onCall(contract);
    expect(await checks.flush()).toBe(false);
  }
  ways.isDown = false;

  await checks.flush();
  await checks.close();

  expect(await counted()).toEqual({ checks: 5, samples: 0 });
});

test('what a fault of the server kept out is told again', async () => {
  const { checks, contract, counted, faults, app } = await openCounting();
  await app.db.$executeRaw`ALTER TABLE "Contract" RENAME TO "Away"`;
  checks.onCall(contract);

  expect(await checks.flush()).toBe(false);
  await app.db.$executeRaw`ALTER TABLE "Away" RENAME TO "Contract"`;

  expect(await checks.flush()).toBe(true);
  expect(await counted()).toEqual({ checks: 1, samples: 0 });
  expect(faults).toHaveLength(1);
});

test('what the server will never take is let go, and said', async () => {
  const { checks, contract, counted, faults } = await openCounting();
  checks.onCall({ ...contract, hash: 'none' });

  expect(await checks.flush()).toBe(true);

  expect(String(faults[0])).toContain('64 lower-case hexadecimal digits');
  checks.onCall(contract);
  await checks.close();
  expect(await counted()).toEqual({ checks: 1, samples: 0 });
});
