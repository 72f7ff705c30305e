import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with one line that programs can read: `12 passed, 0 failed, 1 skipped`. */
export default class CountReporter implements Reporter {
  #line = '';

  /** Coverage is printed after the run has ended, and this line is to be the last. */
  onInit(): void {
    process.once('exit', () => process.stdout.write(`${this.#line}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      // A file that cannot be loaded has no tests to count; it has failed all the same.
      if (module.errors().length > 0) counts.failed += 1;
      for (const test of module.children.allTests()) counts[test.result().state] += 1;
    }
    const skipped = counts.skipped + counts.pending;
    this.#line = `${counts.passed} passed, ${counts.failed} failed`;
    if (skipped > 0) this.#line += `, ${skipped} skipped`;
  }
}
