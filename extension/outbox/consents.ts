import type { ConsentRecord } from '../../src/contract/consent.ts';
import { newId } from '../../src/lib/ids.ts';
import { readLocal, writeLocal } from './local.ts';

/** That the participant agreed; kept here, and sent before the first session under it. */
export type StoredConsent = ConsentRecord & {
  withdrawnAt: string | null;
  /** Servers and projects that know of it, as `homeOf` says them. */
  recordedBy: string[];
  /** Those of them that know that it ended. */
  withdrawnBy: string[];
};

/** The consent that holds; `null` when there is none. */
export async function loadConsent(): Promise<StoredConsent | null> {
  const consents = await loadConsents();
  return consents.find(({ withdrawnAt }) => withdrawnAt === null) ?? null;
}

export async function loadConsents(): Promise<StoredConsent[]> {
  return (await readLocal('consents')) ?? [];
}

/** A repeat for the same text changes nothing; another text ends the consent before. */
export async function giveConsent({
  version,
  locale,
  text,
}: {
  version: string;
  locale: string;
  /** As it was shown. */
  text: string;
}): Promise<StoredConsent> {
  const textSha256 = await sha256(text);
  const acceptedAt = new Date().toISOString();
  const given: StoredConsent = {
    id: newId(),
    version,
    textSha256,
    locale,
    acceptedAt,
    withdrawnAt: null,
    recordedBy: [],
    withdrawnBy: [],
  };
  const [current] = await change((consents) => {
    const isSame = consents.some(
      (one) => !one.withdrawnAt && one.version === version && one.textSha256 === textSha256,
    );
    return isSame ? consents : [given, ...ended(consents, acceptedAt)];
  });
  return current ?? given;
}

/** No session may begin until another one is given. The server hears of it when it can be reached. */
export async function withdrawConsent(): Promise<void> {
  await change((consents) => ended(consents, new Date().toISOString()));
}

/** Notes what a server knows. */
export async function noteConsent(
  id: string,
  by: 'recordedBy' | 'withdrawnBy',
  home: string,
): Promise<void> {
  await change((consents) =>
    consents.map((consent) =>
      consent.id === id ? { ...consent, [by]: [...new Set([...consent[by], home])] } : consent,
    ),
  );
}

function ended(consents: StoredConsent[], at: string): StoredConsent[] {
  return consents.map((one) => ({ ...one, withdrawnAt: one.withdrawnAt ?? at }));
}

/** One change at a time, so that none undoes another. The newest comes first. */
function change(make: (consents: StoredConsent[]) => StoredConsent[]): Promise<StoredConsent[]> {
  return navigator.locks.request('codesight-consents', async () => {
    const changed = make(await loadConsents());
    await writeLocal('consents', changed);
    return changed;
  });
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
