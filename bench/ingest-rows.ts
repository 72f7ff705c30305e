import type { InteractionInput } from '../src/generated/client/graphql.ts';
import { newId } from '../src/lib/ids.ts';

/** An interaction as a client sends it; both sides of the bench store the same ones. */
export type Row = InteractionInput & { id: string; sequence: number };

/** Made once: a client that makes bodies while it is timed would measure itself. */
const pages = 60;
const actionsPerPage = 8;

const goods = 'shirt,jacket,lamp,kettle,notebook,backpack,chair,mirror,teapot,blanket'.split(',');
const colours = 'green,blue,red,grey,white,black,yellow,brown'.split(',');
const parts = 'card,price,title,actions,gallery,summary,filter,review,option,badge'.split(',');
const roles = ['button', 'link', 'textbox', 'checkbox', 'combobox', 'tab'] as const;
const tags = {
  button: 'button',
  link: 'a',
  textbox: 'input',
  checkbox: 'input',
  combobox: 'select',
  tab: 'div',
};
const types = {
  button: 'CLICK',
  link: 'CLICK',
  textbox: 'INPUT',
  checkbox: 'CHANGE',
  combobox: 'SELECT',
  tab: 'CLICK',
} as const;

/**
 * Endless interactions of one session, sequences from 1 without gaps: people who look for things in
 * a shop. Eight follow each other on one page; pages, targets, selectors and numbers differ. About
 * 1.5 KB of JSON each. One of fifty holds an e-mail address, which the server must find.
 *
 * @param seed different clients get different bodies, every run gets the same ones
 */
export function rowsOf(seed: number): (count: number) => Row[] {
  const random = randomOf(seed);
  const bodies = Array.from({ length: pages }, () => pageOf(random)).flat();
  const startedAt = Date.UTC(2026, 0, 2, 3, 4, 5);
  let sequence = 0;
  return (count) =>
    Array.from({ length: count }, () => {
      const body = bodies[sequence % bodies.length] ?? bodies[0];
      sequence += 1;
      const sessionTimeMs = sequence * 731;
      return {
        ...body,
        id: newId(),
        sequence,
        occurredAt: new Date(startedAt + sessionTimeMs).toISOString(),
        sessionTimeMs,
      } as Row;
    });
}

type Random = { below(limit: number): number; of<T>(list: readonly T[]): T; word(): string };

function pageOf(random: Random): Omit<Row, 'id' | 'sequence' | 'occurredAt' | 'sessionTimeMs'>[] {
  const good = random.of(goods);
  const colour = random.of(colours);
  const number = random.below(100_000);
  const url = `https://shop.example/${good}s/${colour}-${good}-${number}?sort=${random.word()}&page=${random.below(40)}`;
  const title = `${colour} ${good} ${number} – Shop`;
  return Array.from({ length: actionsPerPage }, (_, step) => {
    const role = random.of(roles);
    const part = random.of(parts);
    const name = `${random.of(['Add', 'Compare', 'Show', 'Choose', 'Remove'])} ${random.of(colours)} ${random.of(goods)} ${random.below(500)}`;
    const place = random.below(24) + 1;
    const x = random.below(1_200);
    const y = random.below(700);
    const state = {
      url,
      title,
      scrollX: 0,
      scrollY: random.below(4_000),
      viewportWidth: 1_280,
      viewportHeight: 720,
      devicePixelRatio: 2,
      activeElement: `#${part}-${place} ${tags[role]}`,
      visibleElements: 80 + random.below(300),
    };
    return {
      type: types[role],
      url,
      pageTitle: title,
      target: {
        tag: tags[role],
        role,
        name,
        text: random.below(50) === 0 ? `${name}, ask jo.${random.word()}@mail.example` : name,
        attributes: {
          type: role === 'textbox' ? 'search' : 'button',
          class: `${part}__${random.word()} is-${random.word()}`,
          'data-testid': `${part}-${random.word()}`,
          'aria-label': name,
        },
        rectangle: { x, y, width: 40 + random.below(300), height: 20 + random.below(60) },
        isVisible: true,
        ref: `e${random.below(4_000)}`,
      },
      selectors: [
        {
          strategy: 'TEST_ID',
          value: `[data-testid="${part}-${place}"]`,
          matchCount: 1,
          confidence: 0.97,
        },
        {
          strategy: 'ROLE_NAME',
          value: `${role}[name="${name}"]`,
          matchCount: 1,
          confidence: 0.93,
        },
        {
          strategy: 'CSS',
          value: `main .${part} > li:nth-of-type(${place}) ${tags[role]}`,
          matchCount: 1,
          confidence: 0.61,
        },
        {
          strategy: 'XPATH',
          value: `//main//*[@id="${part}-${place}"]//${tags[role]}[${1 + random.below(4)}]`,
          matchCount: 2,
          confidence: 0.4,
        },
      ],
      pointer: { clientX: x + 7, clientY: y + 5, offsetX: 7.5, offsetY: 5.25, button: 0 },
      ...(role === 'textbox' ? { value: `${colour} ${good}` } : {}),
      before: state,
      after: {
        scrollY: state.scrollY,
        activeElement: state.activeElement,
        visibleElements: state.visibleElements + random.below(9) - 4,
      },
      context: { step, form: part, language: 'en', pendingRequests: random.below(4), modal: null },
      elementAnalysis: {
        depth: 6 + random.below(14),
        siblings: random.below(30),
        stableId: random.below(2) === 0,
        landmark: part,
      },
      confidence: 0.9,
    };
  });
}

/** Mulberry32: small, and the same on every machine. */
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    of: (list) => list[below(list.length)] as never,
    word: () =>
      Array.from({ length: 5 + below(5) }, () => 'abcdefghiklmnoprstuvwy'[below(22)]).join(''),
  };
}
