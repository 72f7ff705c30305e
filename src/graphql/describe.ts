/** The values of a GraphQL enum from a vocabulary of `contract/`. */
export function describe<K extends string>(
  vocabulary: Record<K, string>,
): Record<K, { description: string }> {
  const entries = Object.entries<string>(vocabulary).map(([word, description]) => [
    word,
    { description },
  ]);
  return Object.fromEntries(entries) as Record<K, { description: string }>;
}
