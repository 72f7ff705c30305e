import { describe, expect, test } from 'vitest';
import { isSensitiveField } from './fields.ts';

describe('isSensitiveField', () => {
  test.each([
    [{ type: 'password' }, 'PASSWORD'],
    [{ type: 'text', autocomplete: 'one-time-code' }, 'PASSWORD'],
    [{ autocomplete: 'section-a billing cc-number' }, 'CARD'],
    [{ autocomplete: 'shipping home tel-national' }, 'PHONE'],
    [{ autocomplete: 'TEL' }, 'PHONE'],
    [{ autocomplete: 'work email webauthn' }, 'EMAIL'],
    [{ autocomplete: 'new-password' }, 'PASSWORD'],
    [{ type: 'email' }, 'EMAIL'],
    [{ type: 'tel' }, 'PHONE'],
    [{ type: 'tel', name: 'cardNumber' }, 'CARD'],
    [{ type: 'tel', id: 'otp' }, 'PASSWORD'],
    [{ type: 'tel', label: 'CVC' }, 'CARD'],
    [{ name: 'userPassword' }, 'PASSWORD'],
    [{ name: 'new_pwd' }, 'PASSWORD'],
    [{ id: 'ssn' }, 'SSN'],
    [{ label: 'Social Security number' }, 'SSN'],
    [{ name: 'iban' }, 'IBAN'],
    [{ label: 'Security code (CVV)' }, 'CARD'],
    [{ name: 'apiKey' }, 'TOKEN'],
    [{ name: 'clientSecret' }, 'TOKEN'],
    [{ label: 'Mot de passe' }, 'PASSWORD'],
    [{ label: '\u5bc6\u7801' }, 'PASSWORD'],
    [{ name: 'credit-card-number' }, 'CARD'],
    [{ label: 'E-mail address' }, 'EMAIL'],
    [{ label: 'Phone number*' }, 'PHONE'],
    [{ name: 'password2', autocomplete: 'off' }, 'PASSWORD'],
  ])('%j holds %s', (field, kind) => {
    expect(isSensitiveField(field)).toBe(kind);
  });

  test.each([
    {},
    { type: 'text', name: 'q' },
    { type: 'checkbox', label: 'Show password' },
    { type: 'submit', name: 'token' },
    { name: 'shipping' },
    { name: 'keyboard' },
    { name: 'compass' },
    { label: 'Quantity' },
    { autocomplete: 'on' },
    { autocomplete: 'street-address' },
    { name: 'discountCode' },
    { id: 'hotel' },
  ])('%j is nothing of the kind', (field) => {
    expect(isSensitiveField(field)).toBeNull();
  });
});
