import { type PersonalDataKind, PLACEHOLDERS } from './kinds.ts';

export type NameKind = PersonalDataKind | null;

const MAX_REMEMBERED = 4096;

/** What may follow the sensitive word without changing what the value is. */
const TAIL =
  '(?: (?:value|text|input|field|hash|header|confirm|confirmation|again|repeat|new|old|raw|\\d))*$';

/** Names of values that are secret wherever they stand: JSON keys, parameters and fields. */
const SECRETS: [PersonalDataKind, RegExp][] = [
  [
    'PASSWORD',
    word(
      'password|passwd|passcode|passphrase|pwd|pass|pin|otp|totp|passwort|kennwort|senha|one time code|one time password|verification code|security answer',
    ),
  ],
  [
    'CARD',
    word(
      'cvv2?|cvc2?|csc|security code|card number|card no|cardnumber|ccnumber|ccnum|cc number|pan|credit card|debit card',
    ),
  ],
  [
    'TOKEN',
    word(
      'token|secret|authorization|auth|cookies?|credentials?|jwt|api ?key|access ?key|secret ?key|private ?key|signing ?key|encryption ?key|bearer|assertion|saml ?response|[jp]?(?:hp)?sess(?:ion)? ?id cookie|jsessionid|phpsessid',
    ),
  ],
  ['SSN', word('ssn|social security|social security number|social security no')],
  ['IBAN', word('iban')],
];

/** Also secret in a URL, but too common as JSON keys: `key`, `code` and `session` of events. */
const PARAMETERS: [PersonalDataKind, RegExp][] = [
  [
    'TOKEN',
    word(
      'accesstoken|authtoken|idtoken|refreshtoken|key|code|session|session ?id|sid|sig|signature|ticket|nonce|state|hmac|license',
    ),
  ],
  ['EMAIL', word('e ?mail|email address|mail')],
  ['PHONE', word('phone|phone number|tel|telephone|mobile|msisdn')],
];

/** Words of names and labels of form fields, anywhere in them. */
const FIELDS: [PersonalDataKind, RegExp][] = [
  [
    'PASSWORD',
    anywhere(
      'password|passwd|passcode|passphrase|pwd|pass|pin|otp|totp|one time (?:code|password)|verification code|passwort|kennwort|senha|contrase\u00f1a|mot de passe|wachtwoord|has\u0142o|parola|\u043f\u0430\u0440\u043e\u043b\u044c',
    ),
  ],
  ['PASSWORD', /\u5bc6\u7801|\u5bc6\u78bc|\u30d1\u30b9\u30ef\u30fc\u30c9|\ube44\ubc00\ubc88\ud638/],
  [
    'CARD',
    anywhere(
      'cvv2?|cvc2?|csc|security code|card number|card no|cardnumber|cardnum|ccnumber|ccnum|cc (?:number|num|exp|csc)|credit ?card|debit ?card|kartennummer',
    ),
  ],
  ['SSN', anywhere('ssn|social security')],
  ['IBAN', anywhere('iban|account number')],
  [
    'TOKEN',
    anywhere(
      'token|secret|authorization|cookie|jwt|credentials?|(?:api|access|secret|private|signing) ?key',
    ),
  ],
  ['EMAIL', anywhere('e ?mail')],
  ['PHONE', anywhere('phone|telephone|tel|mobile|telefon|handy')],
];

/** The kind a JSON key promises for a value under it, if it is a secret. */
export const kindOfKey = remember((name) => match(SECRETS, name));

/** The kind a query or fragment parameter of this name carries. */
export const kindOfParameter = remember((name) => match(SECRETS, name) ?? match(PARAMETERS, name));

/** The kind a form field of this name or label holds. */
export const kindOfLabel = remember((name) => match(FIELDS, name));

/** `newPassword`, `new_password` and `New password:` are all `new password`. */
function wordsOf(name: string): string {
  return name
    .slice(0, 200)
    .replace(PLACEHOLDERS, ' ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/[\s\-_.:*[\]()/]+/g, ' ')
    .trim()
    .toLowerCase();
}

function match(table: [PersonalDataKind, RegExp][], words: string): NameKind {
  for (const [kind, pattern] of table) if (pattern.test(words)) return kind;
  return null;
}

function word(words: string): RegExp {
  return new RegExp(`(?:^| )(?:${words})${TAIL}`);
}

function anywhere(words: string): RegExp {
  return new RegExp(`(?:^| )(?:${words})(?: |\\d|$)`);
}

/** Names repeat endlessly; the memory is emptied when a page invents too many. */
function remember(decide: (words: string) => NameKind): (name: string) => NameKind {
  const known = new Map<string, NameKind>();
  return (name) => {
    const remembered = known.get(name);
    if (remembered !== undefined) return remembered;
    if (known.size >= MAX_REMEMBERED) known.clear();
    const kind = decide(wordsOf(name));
    if (name.length <= 200) known.set(name, kind);
    return kind;
  };
}
