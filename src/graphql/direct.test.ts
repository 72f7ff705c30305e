import { buildSchema, execute, getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { makeViewer, openTestApp } from '../../test/app.ts';
import { anInteraction, makeSession } from '../../test/sessions.ts';
import type { ApiScope } from '../contract/accounts.ts';
import { RecordInteractionsDocument } from '../generated/client/graphql.ts';
import { newId } from '../lib/ids.ts';
import { childOf } from '../platform/trace.ts';
import { schema } from '../schema.ts';
import type { Context, Viewer } from './context.ts';
import { direct, directOf } from './direct.ts';
import { forbidden } from './errors.ts';
import { OperationContext } from './operation-context.ts';
import { compileQuickRun } from './quick.ts';

const recorded = { __typename: 'IngestReceipt', acknowledged: 1, stored: 1 };

test('the mutation that records answers alike with and without what Pothos wraps around it', async () => {
  const app = await openTestApp();
  const capturer = await makeViewer(app);
  const reader = { ...capturer, scopes: new Set<ApiScope>(['READ']) };
  const document = parse(RecordInteractionsDocument.toString());
  const node = getOperationAST(document);
  const quick = node && compileQuickRun(schema, document, node);
  const contextFor = (viewer: Viewer | null) =>
    new OperationContext(app, {
      viewer,
      transport: 'HTTP',
      address: '127.0.0.1',
      trace: childOf(null),
      recheck: async () => viewer,
    });
  const interactions = [anInteraction(1, {})].map(({ occurredAt, ...item }) => ({
    ...item,
    occurredAt: occurredAt.toISOString(),
  }));
  const tombstone = { sequence: 2, dropped: 'TOO_LARGE' };
  const cases: [Viewer | null, string | null, object, object][] = [
    [capturer, null, { interactions }, recorded],
    [capturer, newId(), { interactions }, { __typename: 'SessionNotFound' }],
    [capturer, 'no id', { interactions }, { __typename: 'InvalidInput' }],
    [
      capturer,
      null,
      { interactions: [], tombstones: Array(201).fill(tombstone) },
      { __typename: 'InvalidInput' },
    ],
    [reader, null, { interactions }, { code: 'FORBIDDEN' }],
    [null, null, { interactions }, { code: 'UNAUTHENTICATED' }],
  ];

  for (const [viewer, id, input, expected] of cases) {
    const answers: unknown[] = [];
    for (const way of ['quick', 'graphql-js'] as const) {
      const sessionId = id ?? (await makeSession(app, capturer));
      const items = interactions.map((item) => ({ ...item, id: newId() }));
      const variables = {
        input: { ...input, sessionId, ...('tombstones' in input ? {} : { interactions: items }) },
      };
      const contextValue = contextFor(viewer);
      const result = await (way === 'quick'
        ? quick?.(variables, contextValue)
        : execute({ schema, document, variableValues: variables, contextValue }));
      answers.push(JSON.parse(JSON.stringify(result)));
      const error = result?.errors?.[0]?.extensions;
      expect(error ?? result?.data?.recordInteractions).toMatchObject(expected);
    }
    expect(answers[0]).toEqual(answers[1]);
  }
  const field = schema.getMutationType()?.getFields().recordInteractions;
  expect(field && directOf(field)).not.toBeNull();
});

const tiny = buildSchema(`
  type Query { one: Int }
  type Mutation { take: Outcome }
  union Outcome = Taken | Refused
  type Taken { count: Int }
  type Refused { message: String }
`);
Object.assign(tiny.getType('Outcome') ?? {}, { resolveType: (value: { is: string }) => value.is });

test('a marked resolver runs once, whatever it meets: a refusal is named by what is wrapped around it', async () => {
  const document = parse('mutation { take { ... on Taken { count } ... on Refused { message } } }');
  const node = getOperationAST(document);
  const field = tiny.getMutationType()?.getFields().take;
  let calls = 0;
  let outcome: () => unknown = () => null;
  const resolver = direct((_root: object, _args: object, _context: Context) => {
    calls += 1;
    return outcome();
  });
  let wraps = 0;
  const wrapped = async (root: object, args: object, context: Context) => {
    wraps += 1;
    if (!context.viewer) throw forbidden();
    try {
      const value = await resolver(root, args, context);
      if (value instanceof RangeError) throw value;
      return value;
    } catch (error) {
      if (error instanceof RangeError) return { is: 'Refused', message: error.message };
      throw error;
    }
  };
  Object.assign(field ?? {}, {
    resolve: wrapped,
    extensions: {
      pothosOriginalResolve: resolver,
      pothosArgMappers: [],
      pothosOptions: { authScopes: { anyScope: ['CAPTURE'] } },
    },
  });
  const run = async (scopes: ApiScope[], made: () => unknown) => {
    outcome = made;
    calls = 0;
    wraps = 0;
    const viewer = scopes.length > 0 ? { scopes: new Set(scopes) } : null;
    const context = { viewer, once: new Map() } as unknown as Context;
    const result = await (node && compileQuickRun(tiny, document, node)?.({}, context));
    return { answer: result?.data?.take ?? result?.errors?.[0]?.message, calls, wraps };
  };
  const refusal = () => {
    throw new RangeError('too many');
  };
  const fault = () => {
    throw new TypeError('broken');
  };

  expect(await run(['CAPTURE'], () => ({ is: 'Taken', count: 3 }))).toEqual({
    answer: { count: 3 },
    calls: 1,
    wraps: 0,
  });
  const refused = { answer: { message: 'too many' }, calls: 1, wraps: 1 };
  expect(await run(['CAPTURE'], refusal)).toEqual(refused);
  expect(await run(['CAPTURE'], () => Promise.reject(new RangeError('too many')))).toEqual(refused);
  expect(await run(['CAPTURE'], () => new RangeError('too many'))).toEqual(refused);
  expect(await run(['CAPTURE'], fault)).toEqual({ answer: 'broken', calls: 1, wraps: 1 });
  expect(await run(['READ'], refusal)).toEqual({ ...refused, wraps: 1 }); // by what is wrapped around
  expect(await run([], refusal)).toMatchObject({ calls: 0, wraps: 1 });
});
