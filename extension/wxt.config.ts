import { fileURLToPath } from 'node:url';
import { defineConfig } from 'wxt';
import { version } from '../package.json' with { type: 'json' };
import { extensionKey } from '../src/contract/extension.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** https://developer.chrome.com/docs/extensions/reference/manifest/content-security-policy */
const csp = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self' https: wss: http://localhost:* ws://localhost:* http://127.0.0.1:* ws://127.0.0.1:*",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ');

export default defineConfig({
  srcDir: fileURLToPath(new URL('.', import.meta.url)),
  root: fileURLToPath(new URL('.', import.meta.url)),
  outDir: fileURLToPath(new URL('../dist/extension', import.meta.url)),
  outDirTemplate: '{{browser}}-mv{{manifestVersion}}',
  imports: false,
  manifestVersion: 3,
  manifest: {
    name: 'CodeSight',
    key: extensionKey,
    version,
    description: 'Records how you do a task in the browser. Passwords and payments never leave it.',
    minimum_chrome_version: '136', // RegExp.escape
    incognito: 'not_allowed',
    permissions: [
      'alarms',
      'downloads',
      'notifications',
      'offscreen',
      'scripting',
      'storage',
      'tabs',
      'unlimitedStorage',
      'webNavigation',
    ],
    host_permissions: ['<all_urls>'],
    action: { default_title: 'CodeSight' },
    content_security_policy: { extension_pages: csp },
    commands: {
      'toggle-recording': {
        suggested_key: { default: 'Alt+Shift+R' },
        description: 'Start or stop recording',
      },
    },
  },
  vite: () => ({
    build: { target: 'chrome136', sourcemap: false },
    server: { fs: { allow: [repository] } },
  }),
  zip: { artifactTemplate: 'codesight-extension-{{version}}.zip' },
});
