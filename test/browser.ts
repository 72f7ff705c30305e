/** Makes sure that the tests have a Chromium: finds one, or installs Debian's where that is possible. */
import { execFileSync } from 'node:child_process';
import { findChromium } from '../src/record/browser.ts';

const packages = ['chromium', 'fonts-liberation', 'fonts-noto-color-emoji'];

try {
  findChromium(process.env.CHROMIUM, process.env.PATH);
} catch (error) {
  if (process.getuid?.() !== 0 || !hasApt()) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  }
  process.stdout.write('No Chromium found: installing Debian’s …\n');
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function hasApt(): boolean {
  try {
    execFileSync('apt-get', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
