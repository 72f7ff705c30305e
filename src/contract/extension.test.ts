import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { extensionId, extensionKey } from './extension.ts';

test('the id is the one that the browser makes of the key', () => {
  const hex = createHash('sha256').update(Buffer.from(extensionKey, 'base64')).digest('hex');

  const letters = [...hex.slice(0, 32)].map(
    (digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)],
  );

  expect(letters.join('')).toBe(extensionId);
});
