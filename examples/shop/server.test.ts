import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Shop, startShop } from './server.ts';

const JANE = {
  name: 'Jane Doe',
  email: 'jane.doe@example.com',
  phone: '+1 202 555 0143',
  address: '1600 Example Street',
  city: 'Washington',
  state: 'DC',
  zip: '20001',
  delivery: 'express',
  cardNumber: '4242 4242 4242 4242',
  expiry: '12 / 34',
  cvc: '123',
  cardName: 'Jane Doe',
};
const JACKET = { slug: 'stormline-rain-jacket', colour: 'midnight', size: 'M', quantity: '2' };

let shop: Shop;

beforeAll(async () => {
  shop = await startShop();
});

afterAll(() => shop.close());

test('a purchase reaches its confirmation', async () => {
  const visitor = makeVisitor();

  const cart = await visitor.post('/cart', JACKET);
  await visitor.post('/cart/stormline-rain-jacket.midnight.m', { quantity: '1' });
  const review = await visitor.post('/checkout', JANE);
  const order = await visitor.post('/checkout/place', { terms: 'on' });

  expect(cart.text).toContain('2 items');
  expect(review.path).toBe('/checkout/review');
  expect(review.text).toContain('Washington, District of Columbia 20001');
  expect(order.path).toMatch(/^\/orders\/TF-\d{6}$/);
  expect(order.text).toContain('Thank you, Jane.');
  expect(order.text).toContain('Midnight Blue · M · Quantity 1');
  expect(order.text).toContain('$141.74'); // 118 + 14 + 8.25 % of 118
  expect((await visitor.get('/cart')).text).toContain('Your cart is empty');
});

test('an order is shown to nobody else', async () => {
  const buyer = await makeBuyer();
  await buyer.post('/checkout', JANE);
  const order = await buyer.post('/checkout/place', { terms: 'on' });

  expect((await buyer.get(order.path)).status).toBe(200);
  expect((await makeVisitor().get(order.path)).status).toBe(404);
  expect((await (await makeBuyer()).get(order.path)).status).toBe(404);
});

test('bad input at checkout names each field and keeps no secrets', async () => {
  const buyer = await makeBuyer();

  const answer = await buyer.post('/checkout', {
    ...JANE,
    email: 'jane.doe',
    zip: '2000',
    cardNumber: '4242 4242 4242 4243',
    account: 'on',
    password: 'short',
  });

  expect(answer.status).toBe(422);
  expect(errorsOf(answer.text)).toEqual(['email', 'zip', 'cardNumber', 'password']);
  expect(answer.text).toContain('value="Jane Doe"');
  expect(answer.text).not.toContain('4243');
  expect(answer.text).not.toContain('value="short"');
  expect((await buyer.get('/checkout/review')).path).toBe('/checkout');
});

test('an order needs the terms', async () => {
  const buyer = await makeBuyer();
  await buyer.post('/checkout', JANE);

  const answer = await buyer.post('/checkout/place', {});

  expect(answer.status).toBe(422);
  expect(answer.text).toContain('Agree to the terms');
});

test.each([
  ['', 'Choose a size.'],
  ['XS', 'Size XS is sold out.'],
])('size "%s" of the jacket is refused', async (size, message) => {
  const answer = await makeVisitor().post('/cart', { ...JACKET, size });

  expect(answer.status).toBe(422);
  expect(answer.text).toContain(message);
});

test('what a visitor writes is escaped', async () => {
  const bad = '"><script>alert(1)</script>';
  const buyer = await makeBuyer();

  const pages = [
    await buyer.get(`/shop?q=${encodeURIComponent(bad)}`),
    await buyer.post('/checkout', { ...JANE, name: bad, zip: '' }),
    await buyer.post('/checkout', { ...JANE, name: bad, note: bad }),
  ];

  for (const page of pages) {
    expect(page.text).not.toContain('<script>alert');
    expect(page.text).toContain('&lt;script&gt;alert(1)');
  }
});

test('filters, sorting and pages narrow the list', async () => {
  const visitor = makeVisitor();

  const blue = await visitor.get('/shop?q=rain+jacket&colour=blue&price=under-120&sort=rating');
  const third = await visitor.get('/shop?page=3&sort=price-up');
  const none = await visitor.get('/shop?q=submarine');

  expect(namesOf(blue.text)).toEqual([
    'Stormline Rain Jacket',
    'Mizzle Rain Anorak',
    'Drizzle Packable Rain Jacket',
  ]);
  expect(namesOf(third.text).at(-1)).toBe('Headland 3L Rain Jacket');
  expect(none.text).toContain('Nothing matches');
});

test('the same request gets the same bytes, from another shop too', async () => {
  const twin = await startShop();
  try {
    for (const path of ['/', '/shop?page=2', '/products/tor-mid-boot', '/cart', '/help', '/lost']) {
      const first = await (await fetch(shop.url + path)).text();
      expect(await (await fetch(shop.url + path)).text()).toBe(first);
      expect(await (await fetch(twin.url + path)).text()).toBe(first);
    }
  } finally {
    await twin.close();
  }
});

test('unknown pages, other methods and large bodies are refused', async () => {
  const unknown = await fetch(`${shop.url}/nowhere`);
  const deleted = await fetch(`${shop.url}/cart`, { method: 'DELETE' });
  const large = await fetch(`${shop.url}/cart`, { method: 'POST', body: 'a'.repeat(70_000) });

  expect(unknown.status).toBe(404);
  expect(await unknown.text()).toContain('Off the path');
  expect(deleted.status).toBe(405);
  expect(large.status).toBe(413);
});

test('every link and asset of the pages leads somewhere', async () => {
  const seen = new Set(['/', '/shop', '/help', '/products/cairn-down-jacket', '/checkout']);
  const buyer = await makeBuyer();

  for (const path of seen) {
    const page = await buyer.get(path);
    expect([path, page.status]).toEqual([path, 200]);
    for (const [, found] of page.text.matchAll(/(?:href|src)="(\/[^"#]*)/g)) {
      if (found) seen.add(found.replaceAll('&amp;', '&'));
    }
  }

  expect(seen.size).toBeGreaterThan(35);
});

interface Answer {
  status: number;
  /** Where redirects led. */
  path: string;
  text: string;
}

/** Someone with a cookie jar of one cookie, who follows redirects. */
function makeVisitor() {
  let cookie = '';
  async function ask(path: string, form?: Record<string, string>): Promise<Answer> {
    const response = await fetch(shop.url + path, {
      method: form ? 'POST' : 'GET',
      headers: { cookie },
      redirect: 'manual',
      ...(form ? { body: new URLSearchParams(form) } : {}),
    });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    const location = response.headers.get('location');
    if (location) return ask(location);
    return { status: response.status, path, text: await response.text() };
  }
  return { get: (path: string) => ask(path), post: ask };
}

async function makeBuyer() {
  const visitor = makeVisitor();
  await visitor.post('/cart', JACKET);
  return visitor;
}

function namesOf(page: string): string[] {
  return [...page.matchAll(/<h3><a [^>]*>([^<]+)/g)].map(([, name]) => name ?? '');
}

function errorsOf(page: string): string[] {
  return [...page.matchAll(/id="(\w+)-error"/g)].map(([, field]) => field ?? '');
}
