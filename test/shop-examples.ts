import { buildExample, type Example } from '../src/datasets/example.ts';
import type { PastAction } from '../src/datasets/history.ts';
import { parsePage } from '../src/lib/page/parse.ts';
import { seededRandom } from '../src/lib/page/random.ts';

/** What things are called in the shop. */
export const shopWords =
  `alpine amber basalt birch canyon cedar cliff coast delta dune ember fern fjord glacier
  granite grove harbor heath island ivory jade juniper lagoon larch maple meadow mesa moss oak opal
  orchid pebble pine prairie quartz reef ridge river sage sand shale slate spruce stone summit tide
  timber tundra valley willow`.split(/\s+/);

const KINDS = ['jacket', 'tent', 'boots', 'stove', 'lamp', 'rope'];

/** A page of a shop, another one for every seed. */
function shopPage(random: () => number) {
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const products = Array.from({ length: 4 + Math.floor(random() * 30) }, (_, at) => {
    const name = `${pick(shopWords)} ${pick(KINDS)}`;
    return `<li><h2 data-cs-ref="h${at}">${name}</h2><p data-cs-ref="p${at}">From ${pick(shopWords)}</p>
      <a data-cs-ref="a${at}" href="/p/${at}">${name} details</a>
      <button data-cs-ref="b${at}">Add ${name}</button></li>`;
  });
  return `<html><head><title>Outdoor shop</title></head><body><nav>
    ${shopWords
      .slice(0, 8)
      .map((word, at) => `<a data-cs-ref="n${at}" href="/${word}">${word}</a>`)
      .join('')}</nav>
    <input type="search" aria-label="Search" data-cs-ref="s"><ul>${products.join('')}</ul>
    <label>Sort by <select data-cs-ref="o"><option>Price</option><option>Name</option></select></label></body></html>`;
}

/** An example of a page of its own, whose target is any of its controls. */
export function makeShopExample(at: number, seed = 'shop'): Example {
  const random = seededRandom(`${seed}:page:${at}`);
  const page = parsePage(shopPage(random));
  const controls = page.elements.filter(({ interactive }) => interactive);
  const target = controls[Math.floor(random() * controls.length)] as (typeof controls)[number];
  const word = shopWords[at % shopWords.length] as string;
  const byTag: Record<string, Partial<PastAction>> = {
    input: { type: 'INPUT', value: `${word} jacket ${at}` },
    select: { type: 'SELECT', value: 'Name' },
  };
  const history: PastAction[] = [
    { sequence: 1, type: 'NAVIGATION', url: 'https://shop.example/', pageTitle: 'Outdoor shop' },
    {
      sequence: 2,
      type: 'CLICK',
      url: 'https://shop.example/',
      target: { tag: 'a', role: 'link', name: word },
    },
  ];
  const example = buildExample({
    task: `Find something ${word} for the trip`,
    history,
    page,
    targetRef: target.ref,
    interaction: {
      sequence: 3,
      type: 'CLICK',
      url: `https://shop.example/${word}`,
      ...byTag[target.tag],
    },
    seed: `${seed}:${at}`,
  });
  if ('skipped' in example) throw new Error(`expected an example, got ${example.skipped}`);
  return example;
}
