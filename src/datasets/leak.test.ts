import { describe, expect, test } from 'vitest';
import { makeShopExample, shopWords } from '../../test/shop-examples.ts';
import type { Example } from './example.ts';
import { checkLeaks, type LeakCode } from './leak.ts';
import { toChatLine } from './openai.ts';

const clean = Array.from({ length: 120 }, (_, at) => makeShopExample(at));
const typed = Array.from({ length: 400 }, (_, at) => makeShopExample(at, 'typed')).find(
  ({ answer }) => answer.operation === 'type',
) as Example;

const check = (examples: readonly Example[], options = {}) =>
  checkLeaks(
    examples.map((example) => toChatLine(example)),
    options,
  );

/** Every example, its answer's candidate and line of the outline reworded. */
const marked = (change: (text: string, at: number) => string) =>
  clean.map((example, at) => reworded(example, (text) => change(text, at)));

function reworded(example: Example, change: (text: string) => string, inOutline = true): Example {
  const { ref } = example.answer;
  return {
    ...example,
    outline: inOutline
      ? example.outline.replace(
          new RegExp(`\\[${ref}\\] .*`),
          (line) => `[${ref}] ${change(line.slice(ref.length + 3))}`,
        )
      : example.outline,
    candidates: example.candidates.map((candidate) =>
      candidate.ref === ref ? { ...candidate, text: change(candidate.text) } : candidate,
    ),
  };
}

const inName = (suffix: string) => (text: string) => text.replace(/"(.*?)"/, `"$1${suffix}"`);

const only = (code: LeakCode) => expect.objectContaining({ [code]: expect.any(Number) });

test('a clean file passes, whatever its seed', () => {
  for (const seed of ['shop', 'a', 'b', 'c']) {
    const report = check(Array.from({ length: 120 }, (_, at) => makeShopExample(at, seed)));

    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ passed: true, lines: 120, imagesUnread: 0 });
  }
});

test('an empty file proves nothing', () => {
  expect(checkLeaks([])).toMatchObject({ passed: false, lines: 0 });
});

test('lines that are there many times are no evidence of a habit', () => {
  const few = clean.slice(0, 15);

  const { counts, lines } = check(Array.from({ length: 40 }, () => few).flat());

  expect({ counts, lines }).toEqual({ counts: {}, lines: 600 });
});

test('a person who does the same again and again tells nothing', () => {
  const again = clean.slice(0, 40).map((example, at) => {
    const name = at < 20 ? 'Next' : 'Previous';
    return {
      ...reworded(example, () => `button "${name}"`),
      history: at % 20 === 0 ? [] : [`click button "${name}"`],
      answer: { ...example.answer, operation: 'click' as const, value: null },
    };
  });

  expect(check(again).findings).toEqual([]);
});

test('a finding names its line and holds no typed value', () => {
  const planted = clean.with(6, { ...clean[6], task: 'Click [e3]' } as Example);

  const { findings, faultyLines } = check(planted);

  expect(findings).toMatchObject([{ line: 7, code: 'REF_IN_HISTORY' }]);
  expect(faultyLines).toEqual([7]);
});

describe('planted leaks are caught', () => {
  test('a marker on the line of the answer', () => {
    expect(check([reworded(clean[0] as Example, (text) => `${text} *`)]).counts).toEqual(
      only('STRANGE_LINE'),
    );
    expect(check([reworded(clean[0] as Example, (text) => `${text} focused`)]).counts).toEqual(
      only('STRANGE_LINE'),
    );
  });

  test('a word that only answers have in their names', () => {
    const { counts, findings } = check(marked(inName(' (target)')));

    expect(counts).toEqual(only('MARKED_ANSWER'));
    expect(findings.some(({ message }) => message.endsWith(' target'))).toBe(true);
  });

  test('a word that a third of the answers have', () => {
    expect(check(marked((text, at) => (at % 3 === 0 ? inName(' ✓')(text) : text))).counts).toEqual(
      only('MARKED_ANSWER'),
    );
  });

  test('capitals', () => {
    expect(
      check(marked((text) => text.replace(/"(.*?)"/, (name) => name.toUpperCase()))).counts,
    ).toEqual(only('MARKED_ANSWER'));
  });

  test('a character that nobody sees', () => {
    expect(check([reworded(clean[0] as Example, inName('\u200b'))]).counts).toEqual(
      only('INVISIBLE_MARK'),
    );
  });

  test('a line that says what has the focus', () => {
    const line = toChatLine(clean[0] as Example).replace(
      '\\n\\nOutline:',
      '\\nActive element: searchbox\\n\\nOutline:',
    );

    expect(checkLeaks([line]).counts).toEqual(only('STRANGE_LINE'));
  });

  test('a selector of the target', () => {
    const planted = { ...(clean[0] as Example), title: 'Outdoor #add-to-cart-7 shop' };
    const selectorsOf = () => [{ strategy: 'ID' as const, value: '#add-to-cart-7' }];

    expect(check([planted], { selectorsOf })).toMatchObject({
      counts: { SELECTOR_IN_PROMPT: 1 },
      selectorsSought: 1,
    });
    expect(check([clean[0] as Example], { selectorsOf }).passed).toBe(true);
  });

  test('what looks like a selector on the answer alone', () => {
    const planted = reworded(clean[0] as Example, inName(' li:nth-child(3)'));

    expect(check([planted]).counts).toEqual(only('SELECTOR_IN_PROMPT'));
  });

  test('a ref in the history', () => {
    const example = clean[0] as Example;

    expect(check([{ ...example, history: [`click ${example.answer.ref}`] }]).counts).toEqual(
      only('REF_IN_HISTORY'),
    );
    expect(check([{ ...example, history: ['click button "[e4] Add"'] }]).counts).toEqual(
      only('REF_IN_HISTORY'),
    );
  });

  test('the action itself at the end of the history', () => {
    const planted = {
      ...typed,
      history: [...typed.history, `type "${typed.answer.value}" into searchbox "Search"`],
    };

    expect(check([typed]).passed).toBe(true);
    expect(check([planted]).counts).toEqual(only('FUTURE_IN_HISTORY'));
  });

  test('histories that end with the answer all over the file', () => {
    const planted = clean.map((example) => {
      const text = example.candidates.find(({ ref }) => ref === example.answer.ref)?.text ?? '';
      return { ...example, history: [...example.history, `click ${/^.*?".*?"/.exec(text)?.[0]}`] };
    });

    expect(check(planted).counts).toEqual(only('HISTORY_REPEATS'));
  });

  test('a page from after the action', () => {
    const value = typed.answer.value as string;

    expect(check([reworded(typed, (text) => `${text} value "${value}"`)]).counts).toEqual(
      only('ANSWER_ALREADY_DONE'),
    );
    const url = `https://shop.example/?q=${encodeURIComponent(value)}`;
    expect(check([{ ...typed, url }]).counts).toEqual(only('VALUE_IN_ADDRESS'));
  });

  test('a value that the page shows is no leak', () => {
    const value = typed.answer.value as string;
    const outline = `text "${value}"\n${typed.outline}`;

    expect(check([{ ...typed, outline }]).passed).toBe(true);
  });

  test('an answer that is not offered, or twice', () => {
    const example = clean[0] as Example;
    const { ref } = example.answer;
    const without = {
      ...example,
      candidates: example.candidates.filter((candidate) => candidate.ref !== ref),
    };
    const [own] = example.candidates.filter((candidate) => candidate.ref === ref);
    const twice = { ...example, candidates: [...example.candidates, own] } as Example;

    expect(check([without]).counts).toEqual(only('ANSWER_NOT_OFFERED'));
    expect(check([twice]).counts).toEqual(only('REF_TWICE'));
  });

  test('an outline that shows the answer alone, or loses it', () => {
    const example = clean[0] as Example;
    const { ref } = example.answer;
    const lines = example.outline.split('\n');

    const lost = lines.filter((line) => !line.includes(`[${ref}] `)).join('\n');
    expect(check([{ ...example, outline: lost }]).counts).toEqual(only('OUTLINE_UNEVEN'));
    const alone = lines
      .filter((line) => !/\[e\d+\]/.test(line) || line.includes(`[${ref}] `))
      .join('\n');
    expect(check([{ ...example, outline: alone }]).counts).toEqual(only('OUTLINE_UNEVEN'));
    expect(check([reworded(example, inName('…'), false)]).counts).toEqual(only('OUTLINE_UNEVEN'));
  });

  test('an answer that always stands at the same place', () => {
    const first = clean.map((example) => ({
      ...example,
      candidates: example.candidates.toSorted(
        (a, b) => Number(b.ref === example.answer.ref) - Number(a.ref === example.answer.ref),
      ),
    }));

    expect(check(first).counts).toEqual(only('PLACE_TELLS'));
    expect(check(first.slice(0, 12)).counts).toEqual(only('PLACE_TELLS'));
  });

  test('an answer that stands at one place a little too often', () => {
    const often = clean.map((example, at) =>
      at % 6 > 0
        ? example
        : {
            ...example,
            candidates: example.candidates.toSorted(
              (a, b) => Number(b.ref === example.answer.ref) - Number(a.ref === example.answer.ref),
            ),
          },
    );

    expect(check(often).counts).toEqual(only('PLACE_TELLS'));
  });

  test('refs in the order of the page with the answer numbered last', () => {
    const renumbered = clean.map((example) => {
      const { ref } = example.answer;
      const last = `e${example.candidates.length}`;
      const swap = (text: string) =>
        text.replaceAll(
          /\[(e\d+)\]/g,
          (_, own) => `[${own === ref ? last : own === last ? ref : own}]`,
        );
      return {
        ...example,
        outline: swap(example.outline),
        candidates: example.candidates.map((candidate) => ({
          ...candidate,
          ref: swap(`[${candidate.ref}]`).slice(1, -1),
        })),
        answer: { ...example.answer, ref: last },
      };
    });

    expect(check(renumbered).counts).toEqual(only('PLACE_TELLS'));
  });

  test('an answer that is always the longest', () => {
    expect(
      check(
        marked((text, at) =>
          inName(` ${shopWords.slice(at % 30, (at % 30) + 20).join(' ')}`)(text),
        ),
      ).counts,
    ).toEqual(only('FORM_TELLS'));
  });

  test('tools that only hold what is needed', () => {
    const lines = clean.map((example) => {
      const line = JSON.parse(toChatLine(example));
      line.tools = line.tools.filter(
        (tool: { function: { name: string } }) => tool.function.name === example.answer.operation,
      );
      return JSON.stringify(line);
    });

    expect(checkLeaks([toChatLine(clean[0] as Example), ...lines]).counts).toEqual(
      only('FRAME_VARIES'),
    );
  });

  test('a field beside the messages', () => {
    const line = JSON.stringify({
      ...JSON.parse(toChatLine(clean[0] as Example)),
      metadata: { answer: 'e1' },
    });

    expect(checkLeaks([line]).counts).toEqual(only('UNKNOWN_FORM'));
  });

  test('personal data that the redactor knows', () => {
    const planted = { ...(clean[0] as Example), task: 'Write to jane.doe@example.org' };

    const { counts, findings } = check([planted]);

    expect(counts).toEqual(only('PERSONAL_DATA'));
    expect(JSON.stringify(findings)).not.toContain('jane');
  });
});
