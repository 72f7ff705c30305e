import type { ReportCategory, ReportOutcome } from '../../contract/report.ts';

/** So many reports came to this. */
export type LedgerEntry = {
  outcome: ReportOutcome;
  /** A stable word; empty where the outcome says it all. */
  reason: string;
  category: ReportCategory;
  count: number;
};

/** Reports by what became of them, one entry a kind. */
export type Account = {
  add(entry: Omit<LedgerEntry, 'count'>, count?: number): void;
  entries(): LedgerEntry[];
};

export function openAccount(entries: LedgerEntry[] = []): Account {
  const kinds = new Map<string, LedgerEntry>();
  const account: Account = {
    add({ outcome, reason, category }, count = 1) {
      const key = `${outcome} ${category} ${reason}`;
      const known = kinds.get(key);
      if (known) known.count += count;
      else kinds.set(key, { outcome, reason, category, count });
    },
    entries: () => [...kinds.values()],
  };
  for (const entry of entries) account.add(entry, entry.count);
  return account;
}
