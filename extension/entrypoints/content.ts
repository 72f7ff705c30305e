import { defineContentScript } from 'wxt/utils/define-content-script';
import { startContent } from '../capture/start.ts';

export default defineContentScript({
  matches: ['<all_urls>'],
  allFrames: true,
  matchAboutBlank: true,
  matchOriginAsFallback: true,
  runAt: 'document_start',
  noScriptStartedPostMessage: true,
  main: startContent,
});
