import { group } from './pieces.ts';

/** The document and its open shadow roots, as far as they were met. */
export function openRoots(): (Document | ShadowRoot)[] {
  const roots: (Document | ShadowRoot)[] = [document];
  for (const { element } of group('host')) {
    if (element.isConnected && element.shadowRoot) roots.push(element.shadowRoot);
  }
  return roots;
}
