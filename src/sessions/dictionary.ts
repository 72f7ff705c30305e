/**
 * What interactions have in common, as LZ4 finds it: the keys of the canonical body in their order, the
 * words of the contract, what our own recorder writes into `context` and `elementAnalysis`. Frozen: what
 * was packed with it can be read only with the same bytes, so a better one is another one with a mark
 * of its own (`packing.ts`).
 */
export const dictionary = Buffer.from(
  [
    'html > body:nth-child(2) > main:nth-child(4) > div:nth-child(1) > section:nth-child(2) > ul:nth-child(3) > li:nth-child(1) > ',
    'main > li:nth-of-type(1) > label:nth-of-type(1) > input[name=\\"//main//*[@id=\\"//div[@id=\'/section/ul[1]/li[1]/article/div/h3/a"',
    '{"context":{"buttons":1,"dialogs":[],"fields":1,"forms":[{"fields":1,"name":null}],"headings":[""],"landmarks":[',
    '{"name":null,"role":"navigation","tag":"nav"},{"name":null,"role":"main","tag":"main"},{"name":null,"role":"search","tag":"form"}],',
    '"links":1,"list":{"item":1,"items":1,"role":"list"},"nearby":[{"dx":1,"dy":-1,"name":"","role":"link","tag":"a"},',
    '{"dx":1,"dy":-1,"name":"","role":"button","tag":"button"}],"surroundings":[{"name":null,"role":"region","tag":"section"},',
    '{"name":null,"role":"listitem","tag":"li"},{"name":null,"role":"article","tag":"article"}]},',
    '"context":{"from":"https://","kind":"link","qualifiers":[],"transition":"link"},"elementAnalysis":{"fieldType":null,"form":null,',
    '"isChecked":null,"isCovered":false,"isDisabled":false,"isEditable":false,"isEmpty":null,"isExpanded":null,"isFocused":false,',
    '"isFormField":false,"isInShadow":false,"isInteractive":true,"isPersonal":false,"isPressed":null,"isReadOnly":false,',
    '"isRequired":false,"isSelected":null,"options":null},"confidence":1}',
    ',"type":"NAVIGATION","type":"KEY_PRESS","type":"SCROLL","type":"HOVER","type":"FOCUS","type":"BLUR","type":"SELECT","type":"CHANGE","type":"INPUT"',
    ',"role":"textbox","role":"checkbox","role":"combobox","role":"radio","role":"tab","tag":"input","tag":"select","tag":"div","tag":"span"',
    '{"strategy":"ID","value":"#","matchCount":1,"confidence":0.92},{"strategy":"LABEL","value":"","matchCount":1,"confidence":0.85},',
    '{"strategy":"TEXT","value":"","matchCount":1,"confidence":0.7},{"strategy":"STRUCTURAL","value":"html > body:nth-child(2)',
    '[{"id":"01a1fc60-","sequence":1,"type":"CLICK","occurredAt":"2026-01-01T00:00:00.000Z","sessionTimeMs":1000,"url":"https://www.",',
    '"pageTitle":"","frame":[],"target":{"tag":"button","role":"button","name":"","text":"","value":null,"attributes":{',
    '"aria-label":"","class":"","data-testid":"","href":"/","id":"","name":"","placeholder":"","type":"button"},',
    '"rectangle":{"x":1,"y":1,"width":1,"height":1},"isVisible":true,"ref":"e1"},"selectors":[',
    '{"strategy":"TEST_ID","value":"[data-testid=\\"\\"]","matchCount":1,"confidence":0.97},',
    '{"strategy":"ROLE_NAME","value":"link[name=\\"\\"]","matchCount":1,"confidence":0.9},',
    '{"strategy":"CSS","value":"","matchCount":1,"confidence":0.45},{"strategy":"XPATH","value":"//","matchCount":1,"confidence":0.5}],',
    '"pointer":{"clientX":1,"clientY":1,"pageX":1,"pageY":1,"offsetX":1,"offsetY":1,"button":0},"key":"Enter","value":"",',
    '"modifiers":{"alt":false,"control":false,"meta":false,"shift":false},"isVisible":true,',
    '"before":{"url":"https://","title":"","scrollX":0,"scrollY":0,"viewportWidth":1280,"viewportHeight":720,"devicePixelRatio":1,',
    '"activeElement":null,"visibleElements":100,"snapshotId":"01a1fc60-","screenshotId":"01a1fc60-","frameAgeMs":100},',
    '"after":{"url":"https://","title":"","scrollX":0,"scrollY":0,"viewportWidth":1280,"viewportHeight":720,"devicePixelRatio":1,',
    '"activeElement":"#","visibleElements":100,"screenshotId":"01a1fc60-"},"context":{',
  ].join(''),
);
