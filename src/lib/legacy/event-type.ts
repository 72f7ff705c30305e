import { type InteractionType, interactionTypes } from '../../contract/vocabulary.ts';

/**
 * Words of the legacy recorder and of DOM events for what the contract has another word for.
 * `navigation_restored` was sent when the content script came up on the page after a navigation: it
 * witnesses that the page became another page, so it is a NAVIGATION.
 */
const synonyms = new Map<string, InteractionType>([
  ['NAVIGATION_RESTORED', 'NAVIGATION'],
  ['NAVIGATE', 'NAVIGATION'],
  ['PAGE_LOAD', 'NAVIGATION'],
  ['DBLCLICK', 'DOUBLE_CLICK'],
  ['CONTEXTMENU', 'CONTEXT_MENU'],
  ['RIGHT_CLICK', 'CONTEXT_MENU'],
  ['TYPE', 'INPUT'],
  ['KEYDOWN', 'KEY_PRESS'],
  ['KEYPRESS', 'KEY_PRESS'],
  ['FORM_SUBMIT', 'SUBMIT'],
]);

/** The contract's word for a legacy type; OTHER for what is unknown, absent or no string. */
export function eventTypeOf(legacyType: unknown): InteractionType {
  if (typeof legacyType !== 'string') return 'OTHER';
  const word = legacyType
    .trim()
    .toUpperCase()
    .replace(/[\s-]+/g, '_');
  return isInteractionType(word) ? word : (synonyms.get(word) ?? 'OTHER');
}

function isInteractionType(word: string): word is InteractionType {
  return Object.hasOwn(interactionTypes, word);
}
