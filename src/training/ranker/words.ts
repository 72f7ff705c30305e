/** Words that say nothing about what is meant. */
const empty = new Set(
  'a an and any are as at be by can for from get has have in into is it its me my of on one or our so some that the their them then there this to up use was we what which will with you your'.split(
    ' ',
  ),
);

/**
 * What different shops and forms call the same thing. A page that nobody has seen is still a page with a
 * basket, so a model that learns by these carries over; the words come from common shops, forms and mail
 * programs in English.
 */
const lexicon: Record<string, string> = {
  search: 'search find lookup query seek browse',
  cart: 'cart basket bag trolley',
  add: 'add put buy get take into pop',
  checkout: 'checkout pay payment purchase till',
  proceed: 'continue next proceed forward go onward review',
  finish: 'place confirm complete submit finish send order done pay',
  filter: 'filter refine narrow show apply only',
  sort: 'sort arrange order rank rated popular newest featured',
  price: 'price cost cheap cheapest budget under below up maximum most $ usd eur',
  size: 'size fit measure small medium large xs xl inch inches cm',
  colour: 'colour color shade tint red green blue black white grey gray brown yellow',
  quantity: 'quantity qty amount number count many pieces',
  more: 'increase more plus another raise',
  less: 'decrease fewer less minus reduce',
  remove: 'remove delete clear reset discard empty',
  name: 'name recipient fullname surname firstname lastname who',
  email: 'email mail e-mail',
  phone: 'phone telephone mobile tel call',
  address: 'address street road line house where',
  city: 'city town place locality',
  region: 'state region province county',
  postcode: 'zip postcode postal post code',
  country: 'country land nation',
  card: 'card cardholder',
  expiry: 'expiry expires expiration valid until',
  security: 'security cvc cvv csc',
  password: 'password passphrase secret pin',
  account: 'account profile register sign signup login join member',
  delivery: 'delivery deliver shipping ship dispatch send post courier',
  fast: 'express fast quick next-day overnight priority tomorrow',
  slow: 'standard economy regular free',
  close: 'close dismiss cancel back exit hide',
  agree: 'agree accept terms conditions consent allow',
  later: 'later save wishlist favourite favorite remember',
  open: 'open view details see more read full',
  help: 'help support contact faq returns legal imprint privacy',
  skip: 'skip jump',
  home: 'home start logo main',
  note: 'note message comment gift remark instructions',
  voucher: 'voucher coupon promo discount code',
};

export const concepts: readonly string[] = Object.keys(lexicon);

const conceptsByWord = new Map<string, number[]>();
for (const [index, concept] of concepts.entries())
  for (const word of (lexicon[concept] ?? '').split(' ')) {
    const stem = stemOf(word);
    conceptsByWord.set(stem, [...(conceptsByWord.get(stem) ?? []), index]);
  }

/** Words of a text, lower-case, without plural and without those that say nothing. Repeats stay. */
export function wordsOf(text: string): string[] {
  const spaced = text
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2') // `JacketsShells`: two lines of one element run together
    .toLowerCase();
  return (spaced.match(/[$€£]|[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [])
    .filter((word) => !empty.has(word))
    .map(stemOf);
}

/** Places in {@link concepts} of what the words are about, each once. */
export function conceptsOf(words: Iterable<string>): number[] {
  const found = new Set<number>();
  for (const word of words) for (const at of conceptsByWord.get(word) ?? []) found.add(at);
  return [...found];
}

/** FNV-1a of a text into `[0, buckets)`: weights are kept by it, so that no word of a page is in a model. */
export function bucketOf(text: string, buckets: number): number {
  let word = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) word = Math.imul(word ^ text.charCodeAt(at), 0x01000193);
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  return ((word ^ (word >>> 13)) >>> 0) % buckets;
}

function stemOf(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 3 && word.endsWith('s') && !word.endsWith('ss')) return word.slice(0, -1);
  return word;
}
