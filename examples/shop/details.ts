/** What checkout keeps. The card is known by its last digits only, a password not at all. */
export interface Details {
  name: string;
  email: string;
  phone: string;
  address: string;
  address2: string;
  city: string;
  state: string;
  zip: string;
  delivery: 'standard' | 'express';
  note: string;
  cardName: string;
  cardEnds: string;
  cardBrand: string;
  account: boolean;
}

export type Field =
  | Exclude<keyof Details, 'cardEnds' | 'cardBrand' | 'account'>
  | 'cardNumber'
  | 'expiry'
  | 'cvc'
  | 'password';

export type FieldErrors = Partial<Record<Field, string>>;

export const states = [
  ['CA', 'California'],
  ['CO', 'Colorado'],
  ['DC', 'District of Columbia'],
  ['MA', 'Massachusetts'],
  ['ME', 'Maine'],
  ['NY', 'New York'],
  ['OR', 'Oregon'],
  ['TX', 'Texas'],
  ['VT', 'Vermont'],
  ['WA', 'Washington'],
] as const;

/** What may be shown again when the form comes back: everything but card and password. */
export type Draft = Partial<Record<keyof Details, string>>;

/** Checks a posted checkout form. Card expiry is checked for form, not against a clock. */
export function parseDetails(
  form: URLSearchParams,
): { details: Details } | { errors: FieldErrors; draft: Draft } {
  const read = (name: string) => (form.get(name) ?? '').trim().slice(0, 300);
  const card = read('cardNumber').replaceAll(/[\s-]/g, '');
  const details: Details = {
    name: read('name'),
    email: read('email'),
    phone: read('phone'),
    address: read('address'),
    address2: read('address2'),
    city: read('city'),
    state: read('state'),
    zip: read('zip'),
    delivery: read('delivery') === 'express' ? 'express' : 'standard',
    note: read('note'),
    cardName: read('cardName'),
    cardEnds: card.slice(-4),
    cardBrand: card.startsWith('4') ? 'Visa' : card.startsWith('5') ? 'Mastercard' : 'Card',
    account: form.has('account'),
  };

  const errors: FieldErrors = {};
  const expect = (field: Field, holds: boolean, message: string) => {
    if (!holds) errors[field] = message;
  };
  expect('name', details.name.length > 1, 'Enter your full name.');
  expect('email', /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(details.email), 'Enter an email address.');
  expect('phone', /^\+?[\d\s().-]{7,20}$/.test(details.phone), 'Enter a phone number.');
  expect('address', details.address.length > 4, 'Enter a street and house number.');
  expect('city', details.city.length > 1, 'Enter a city.');
  expect(
    'state',
    states.some(([id]) => id === details.state),
    'Choose a state.',
  );
  expect('zip', /^\d{5}$/.test(details.zip), 'Enter a ZIP code of 5 digits.');
  expect('cardNumber', isCardNumber(card), 'Enter a valid card number.');
  expect('expiry', /^(0[1-9]|1[0-2])\s*\/\s*\d{2}$/.test(read('expiry')), 'Enter it as MM / YY.');
  expect('cvc', /^\d{3,4}$/.test(read('cvc')), 'Enter the 3 or 4 digits on the card.');
  expect('cardName', details.cardName.length > 1, 'Enter the name on the card.');
  const password = form.get('password') ?? '';
  expect('password', !details.account || password.length >= 8, 'Use 8 characters or more.');

  return Object.keys(errors).length ? { errors, draft: draftOf(details) } : { details };
}

export function draftOf(details: Details): Draft {
  const { cardEnds: _ends, cardBrand: _brand, account, ...rest } = details;
  return { ...rest, ...(account ? { account: 'on' } : {}) };
}

/** Luhn, ISO/IEC 7812-1 annex B. */
function isCardNumber(digits: string): boolean {
  if (!/^\d{13,19}$/.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
