import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { InteractionRecord } from '../../contract/interaction.ts';
import { limits } from '../../contract/limits.ts';
import { RecordingLine, SessionRecord } from '../../contract/recording.ts';
import { isJsonObject, type JsonObject, leavesOf } from './json.ts';
import { LegacyFileError, type LegacyImport, readLegacyFile } from './read.ts';
import { describeImport } from './report.ts';

const fixture = readFileSync(
  new URL('../../../test/fixtures/legacy-session.json', import.meta.url),
  'utf8',
);
const [source] = z
  .array(z.looseObject({ enhancedInteractions: z.array(z.looseObject({})) }))
  .parse(JSON.parse(fixture));
const events: JsonObject[] = source?.enhancedInteractions ?? [];

describe('a real export', () => {
  test('every event becomes an interaction that the contract accepts', async () => {
    const { session, records, report } = await readOne(fixture);

    expect(SessionRecord.parse(session)).toEqual(session);
    for (const record of records) expect(RecordingLine.parse(record)).toEqual(record);
    expect(records).toHaveLength(events.length);
    expect(report).toMatchObject({ eventsIn: events.length, recordsOut: 15, leftOut: 0 });
  });

  test('every value of an event is found again in its record', async () => {
    const { records } = await readOne(fixture);

    for (const event of events) {
      const record = interactions(records).find(({ id }) => id === event.id);
      const kept = new Set([...leavesOf(record)].map(([, value]) => JSON.stringify(value)));
      const keys = JSON.stringify(record);
      for (const [path, value] of leavesOf(event)) {
        const isTime = path.join() === 'timestamp';
        const found = isTime
          ? Date.parse(record?.occurredAt ?? '') === value
          : kept.has(JSON.stringify(value));
        expect(found, `${event.id} ${path.join('.')}`).toBe(true);
        if (path.at(-2) === 'reliability') expect(keys).toContain(JSON.stringify(path.at(-1)));
      }
    }
  });

  test('sequences are 1 to n by time, and the old numbers are kept and counted', async () => {
    const { records, report } = await readOne(fixture);

    const times = interactions(records).map(({ occurredAt }) => occurredAt);
    expect(records.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(times).toEqual(times.toSorted());
    expect(interactions(records).map((record) => legacyOf(record).sequence)).toEqual([
      1,
      2,
      3,
      4,
      undefined,
      1,
      undefined,
      1,
      2,
      3,
      4,
      13,
      14,
      34,
      45,
    ]);
    expect(report.sequences).toEqual({ missing: 2, duplicate: 5, changed: 11 });
  });

  test('navigation_restored is a NAVIGATION that remembers its type', async () => {
    const { records, report } = await readOne(fixture);

    const restored = interactions(records)[4];
    expect(restored?.type).toBe('NAVIGATION');
    expect(restored && legacyOf(restored).type).toBe('navigation_restored');
    expect(report.types).toEqual([{ legacy: 'navigation_restored', as: 'NAVIGATION', events: 2 }]);
  });

  test('a NAVIGATION without an address takes the one of the next event and says so', async () => {
    const { records, report } = await readOne(fixture);

    const [navigation, next] = interactions(records).slice(9);
    expect(navigation).toMatchObject({ type: 'NAVIGATION', url: next?.url });
    expect(navigation?.context).toMatchObject({ assumed: { url: 'the next event' } });
    expect(report.notes).toContainEqual(
      expect.objectContaining({ kind: 'ASSUMED', event: 9, path: 'url' }),
    );
  });

  test('screenshots that the file does not hold are listed and their ids kept', async () => {
    const { records, report } = await readOne(fixture);

    const missing = report.notes.filter(({ kind }) => kind === 'NOT_IN_FILE');
    expect(missing.map(({ event }) => event)).toEqual([1, 3]);
    expect(JSON.stringify(records[1])).toContain('shot0000000000000001');
  });

  test('the session says what it was for, where it began and what else was known', async () => {
    const { legacyId, session, endedAt } = await readOne(fixture);

    expect(legacyId).toBe('session_1753897349098_example00');
    expect(session).toMatchObject({
      kind: 'AUTOMATED',
      startUrl: 'https://shop.example/index.html',
      startedAt: '2025-07-30T17:42:29.717Z',
      client: { name: 'legacy-import', legacy: { id: legacyId, qualityScore: 82 } },
    });
    expect(session.task).toMatch(/^Find a casual outfit for under \$100: Discover/);
    expect(endedAt).toBe('2025-07-30T17:43:13.081Z');
  });

  test('the summary tells what came in, what went out and what is missing, a line each', async () => {
    const { report } = await readOne(fixture);

    const lines = describeImport(report).split('\n');
    expect(lines).toContain('  Events: 15 in, 15 out, 0 left out.');
    expect(lines).toContain('  Sequences: 11 renumbered; 5 were used twice, 2 were missing.');
    expect(lines).toContain('  Shortened: nothing.');
    expect(lines.filter((line) => line.includes('not in the file'))).toHaveLength(2);
  });

  test('reading it twice gives the same answer, ids included', async () => {
    expect(await readLegacyFile(fixture)).toEqual(await readLegacyFile(fixture));
  });
});

describe('damaged events', () => {
  test('what is no object becomes a tombstone, is listed, and its value is kept', async () => {
    const { session, records, report } = await readEvents([{ timestamp: 1753897356053 }, 'lost']);

    expect(records[1]).toEqual({ sequence: 2, dropped: 'INVALID' });
    expect(session.client.leftOut).toEqual({ 1: 'lost' });
    expect(report).toMatchObject({ eventsIn: 2, recordsOut: 1, leftOut: 1 });
    expect(report.notes).toContainEqual(
      expect.objectContaining({
        kind: 'LEFT_OUT',
        event: 1,
        message: expect.stringContaining('string'),
      }),
    );
  });

  test('an event without a time stands after the one before it and says so', async () => {
    const { records } = await readEvents([
      { id: 'a', timestamp: 1753897356053 },
      { id: 'b' },
      { id: 'c', timestamp: '2025-07-30T19:42:37+02:00' },
    ]);

    expect(interactions(records).map((record) => legacyOf(record).id)).toEqual(['a', 'b', 'c']);
    expect(interactions(records)[1]).toMatchObject({
      occurredAt: '2025-07-30T17:42:36.053Z',
      context: { assumed: { occurredAt: 'the event before in the file' } },
    });
  });

  test('a time before the start of the session counts as its start and says so', async () => {
    const { records, report } = await readEvents([{ timestamp: 1753897349000 }]);

    expect(interactions(records)[0]?.sessionTimeMs).toBe(0);
    expect(report.notes).toContainEqual(
      expect.objectContaining({
        path: 'sessionTimeMs',
        message: expect.stringContaining('-717 ms'),
      }),
    );
  });

  test('two events with one id are both kept, the second under an id of its own', async () => {
    const id = '1C2D34A1-8c56-4322-9dbf-c0ac5d36cf6d';
    const { records, report } = await readEvents([{ id }, { id }]);

    const [first, second] = interactions(records);
    expect(first?.id).toBe(id.toLowerCase());
    expect(second?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8/);
    expect(second && legacyOf(second).id).toBe(id);
    expect(report.notes.some(({ kind, event }) => kind === 'NEW_ID' && event === 1)).toBe(true);
  });

  test('an event over the limit loses its largest part, with a mark, and is listed', async () => {
    const domSnapshot = Array.from({ length: 9_000 }, (_, index) => ({ tag: `div${index}` }));
    const { records, report } = await readEvents([
      { timestamp: 1753897356053, sequence: 7, context: { domSnapshot }, overlays: ['kept'] },
    ]);

    expect(JSON.stringify(records[0]).length).toBeLessThanOrEqual(limits.interactionChars);
    expect(JSON.stringify(records[0])).toMatch(/div3000.*\d+ of 9000 items left out at import/);
    expect(interactions(records).map(legacyOf)[0]).toMatchObject({
      sequence: 7,
      overlays: ['kept'],
    });
    expect(report.notes).toContainEqual(
      expect.objectContaining({ kind: 'SHORTENED', path: 'context.legacy.context.domSnapshot' }),
    );
    expect(describeImport(report)).toContain('Shortened: event [0]');
  });

  test('an event that is too large in every field arrives within the limit', async () => {
    const long = 'é"'.repeat(5_000);
    const names = Array.from({ length: 40 }, (_, index) => `a${index}`);
    const { records, report } = await readEvents([
      {
        id: long,
        type: long,
        context: { url: `https://shop.example/${long}`, pageTitle: long },
        element: {
          tag: 'p',
          text: long,
          value: long,
          attributes: Object.fromEntries(names.map((n) => [n, long])),
        },
        selectors: { primary: long, alternatives: names.map((name) => `#${name.repeat(300)}`) },
        interaction: { key: long, value: long },
        state: { before: { url: long, title: long }, after: { url: long, title: long } },
      },
    ]);

    accountFor({ ...(await readEvents([])), records, report }, 1);
    expect(report.recordsOut).toBe(1);
    expect(report.notes.some(({ kind }) => kind === 'SHORTENED')).toBe(true);
  });

  test('an event that no cut makes small enough becomes a tombstone and is listed', async () => {
    const long = '\u0001'.repeat(4_000);
    const { session, records, report } = await readEvents([
      { element: { tag: 'p', text: long, value: long }, interaction: { value: long } },
    ]);

    expect(records).toEqual([{ sequence: 1, dropped: 'TOO_LARGE' }]);
    expect(report.notes).toContainEqual(expect.objectContaining({ kind: 'LEFT_OUT', event: 0 }));
    expect(session.client.leftOut).toMatchObject({ 0: { target: { tag: 'p' } } });
  });

  test('NUL and lone surrogates, which the server refuses, are written out', async () => {
    const { records, report } = await readEvents([
      { note: 'a\0b\ud800', 'k\0': 1, '\ud83d\ude00': 2 },
    ]);

    expect(interactions(records).map(legacyOf)[0]).toMatchObject({
      note: 'a\\u0000b\\ud800',
      'k\\u0000': 1,
      '😀': 2,
    });
    expect(report.notes.filter(({ kind }) => kind === 'REPAIRED')).toHaveLength(2);
  });

  test('nesting that would break a walk through it becomes text', async () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;

    const { records } = await readOne(`[{"enhancedInteractions":[{"deep":${deep}}]}]`);

    expect(JSON.stringify(records[0]).length).toBeLessThanOrEqual(limits.interactionChars);
  });

  test('a count that differs from what the file has is a problem', async () => {
    const { report } = await readOne(
      '[{"id":"s","interactionCount":3,"enhancedInteractions":[{}]}]',
    );

    expect(describeImport(report)).toContain('the session counts 3 events, the file has 1.');
  });
});

describe('files', () => {
  test.each([
    ['', 'got an empty file'],
    ['[{"a":1},\n oops]', 'oops'],
    [`[{"id":"${'a'.repeat(90)}"},\n oops, {"id":"b"}]`, 'position 103 (line 2 column 2)'],
    ['[{"a":\n', 'position 7 (line 2 column 1)'],
    ['42', 'got a number'],
    ['{"data":[]}', 'got an object with data'],
    ['[{"enhancedInteractions":[]},null]', 'at [1] of a legacy export, got null'],
  ])('%j is refused with what was expected and found', async (text, message) => {
    const refusal = expect(readLegacyFile(text)).rejects;

    await refusal.toThrow(LegacyFileError);
    await refusal.toThrow(message);
  });

  test('one session without an array around it is read, a byte order mark too', async () => {
    const imports = await readLegacyFile(`\uFEFF${JSON.stringify(source)}`);

    expect(imports).toEqual(await readLegacyFile(fixture));
  });

  test('a session that the file has twice is two sessions with ids of their own', async () => {
    const imports = await readLegacyFile(JSON.stringify([source, source]));

    const ids = imports.flatMap(({ session, records }) => [session, ...interactions(records)]);
    expect(new Set(ids.map(({ id }) => id)).size).toBe(2 * (1 + events.length));
  });
});

describe('whatever is inside', () => {
  const path = fc.constantFrom(...[...leavesOf(events)].flatMap(([path]) => prefixesOf(path)));
  const mangling = fc.array(fc.tuple(path, fc.option(fc.jsonValue(), { freq: 5 })), {
    maxLength: 12,
  });
  const sequences = fc.array(fc.option(fc.integer({ min: -3, max: 20 })), {
    minLength: events.length,
    maxLength: events.length,
  });
  const order = fc.shuffledSubarray(events.map((_, index) => index));
  const strangers = fc.array(fc.jsonValue(), { maxLength: 3 });

  test('it never throws, answers by the contract, and accounts for every event', async () => {
    await fc.assert(
      fc.asyncProperty(
        sequences,
        mangling,
        order,
        strangers,
        async (sequences, mangling, order, strangers) => {
          const mangled: unknown = structuredClone(events);
          sequences.forEach((sequence, index) => {
            put(mangled, [index, 'sequence'], sequence);
          });
          for (const [path, value] of mangling) put(mangled, path, value);
          const list = Array.isArray(mangled) ? order.map((index) => mangled[index]) : [];
          const text = JSON.stringify([
            { ...source, enhancedInteractions: [...list, ...strangers] },
          ]);

          accountFor(await readOne(text), order.length + strangers.length);
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  test('a session of any JSON is a session by the contract', async () => {
    const field = fc.constantFrom(...Object.keys(source ?? {}), 'other', '__proto__');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(field, fc.jsonValue())), async (fields) => {
        const session = Object.fromEntries(fields);
        const list = session.enhancedInteractions;

        accountFor(await readOne(JSON.stringify([session])), Array.isArray(list) ? list.length : 0);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

function accountFor({ session, records, report, endedAt }: LegacyImport, eventsIn: number): void {
  expect(SessionRecord.safeParse(session).error).toBeUndefined();
  expect(endedAt >= session.startedAt).toBe(true);
  for (const record of records) {
    expect(RecordingLine.safeParse(record).error).toBeUndefined();
    expect(JSON.stringify(record).length).toBeLessThanOrEqual(limits.interactionChars);
  }
  expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_, index) => index + 1));
  const listed = report.notes.filter(({ kind }) => kind === 'LEFT_OUT').length;
  expect([records.length, report.eventsIn]).toEqual([eventsIn, eventsIn]);
  expect(interactions(records).length + listed).toBe(eventsIn);
  expect(describeImport(report)).toContain(`${eventsIn} in`);
}

async function readOne(text: string): Promise<LegacyImport> {
  const [only, ...others] = await readLegacyFile(text);
  if (!only || others.length > 0) throw new Error('expected one session');
  return only;
}

function readEvents(enhancedInteractions: unknown[]): Promise<LegacyImport> {
  const startTime = '2025-07-30T17:42:29.717Z';
  return readOne(JSON.stringify([{ id: 'session_1', startTime, enhancedInteractions }]));
}

function interactions(records: LegacyImport['records']): InteractionRecord[] {
  return records.filter((record) => 'id' in record);
}

function legacyOf({ context }: InteractionRecord): JsonObject {
  return z.object({ legacy: z.looseObject({}) }).parse(context).legacy;
}

function prefixesOf(path: readonly (string | number)[]): (readonly (string | number)[])[] {
  return path.slice(1).map((_, index) => path.slice(0, index + 2));
}

/** Sets the value at the path if there is such a place; `null` removes what is there. */
function put(whole: unknown, path: readonly (string | number)[], value: unknown): void {
  const [step = '', ...rest] = path;
  const holder: unknown = whole;
  if (Array.isArray(holder)) {
    if (rest.length > 0) put(holder[Number(step)], rest, value);
    else holder[Number(step)] = value;
  } else if (isJsonObject(holder)) {
    if (rest.length > 0) put(holder[step], rest, value);
    else if (value === null) delete holder[step];
    else holder[step] = value;
  }
}
