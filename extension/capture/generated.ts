const GENERATED = [
  /^:|:$|^«|»$/, // React's useId
  /\d{4,}/, // counters, timestamps, numbers of records
  /^(?:css|sc|jsx|emotion|tss|svelte|astro|chakra|jss|makeStyles)-?[\w-]*\d/i,
  /^(?:ember|yui|ext-gen|gwt-uid|radix|headlessui|mui|react-aria|select2|cdk|mat-input)[-_:]/i,
  /^(?:ember|mat-input-|cdk-)\d+$/i,
  /__[\da-z]*\d[\da-z]*$/i, // CSS modules: Button_root__3fK2a
  /[\da-f]{8}-[\da-f]{4}/i, // UUID
  /^_ng|^ng-tns|^_[\da-z]{5,}$/i,
];

/**
 * Whether an id or class was made by a machine and will be another one after the next build or load.
 * Pure. Errs on the side of refusing: a stable name refused costs one alternative, a generated one
 * accepted points to the wrong element later.
 */
export function looksGenerated(name: string): boolean {
  if (GENERATED.some((pattern) => pattern.test(name))) return true;
  return name.split(/[-_]/).some(isScrambled);
}

/** Words change between letters and digits once at most (`col2`); hashes do it often. */
function isScrambled(word: string): boolean {
  const changes = word.match(/\d(?=[a-z])|[a-z](?=\d)/gi)?.length ?? 0;
  if (changes >= 2 && word.length >= 5) return true;
  const isMixed = /[a-z][A-Z][a-z]?[A-Z]|[A-Z]{2}[a-z][A-Z]/.test(word);
  return isMixed && word.length >= 6 && !/[aeiou]/i.test(word);
}
