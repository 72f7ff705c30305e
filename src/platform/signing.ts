import { createHmac } from 'node:crypto';
import { sameBytes } from './keys.ts';

/** What a signed URL lets its bearer do. */
export type Grant = {
  action:
    | 'upload-screenshot'
    | 'upload-snapshot'
    | 'upload-audio-clip'
    | 'read-screenshot'
    | 'read-snapshot'
    | 'read-audio-clip'
    | 'read-export'
    | 'read-export-file'
    | 'read-training-bundle';
  id: string;
};

export type Signer = {
  /** Path and query, good until `expiresAt`. */
  sign(grant: Grant, expiresAt: Date): string;
  /** Whether path parts and query are a grant of ours that still holds. */
  check(grant: Grant, query: URLSearchParams, now: Date): 'good' | 'expired' | 'forged';
};

/** Signs with HMAC-SHA-256; every replica with the same master key accepts the others' URLs. */
export function makeSigner(key: Buffer): Signer {
  const mac = (grant: Grant, expires: string) =>
    createHmac('sha256', key).update(`${grant.action}\n${grant.id}\n${expires}`).digest();
  return {
    sign(grant, expiresAt) {
      const expires = String(Math.floor(expiresAt.getTime() / 1000));
      return `/objects/${grant.action}/${grant.id}?expires=${expires}&signature=${mac(grant, expires).toString('base64url')}`;
    },
    check(grant, query, now) {
      const expires = query.get('expires') ?? '';
      const given = Buffer.from(query.get('signature') ?? '', 'base64url');
      if (!sameBytes(given, mac(grant, expires))) return 'forged';
      return Number(expires) * 1000 < now.getTime() ? 'expired' : 'good';
    },
  };
}
