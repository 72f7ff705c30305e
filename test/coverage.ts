import v8 from '@vitest/coverage-v8';
import type { V8CoverageProvider } from '@vitest/coverage-v8/dist/provider.js';
import type { CoverageProvider, CoverageProviderModule } from 'vitest/node';

/**
 * Coverage by V8, that of the processes which tests start included. Vitest 5.1 merges scripts by their
 * address, though Vite and Node run the same file as different texts: what processes ran is read apart
 * here and laid over the rest line by line. To be removed when Vitest tells the two apart.
 */
const coverage: CoverageProviderModule = {
  ...v8,
  async getProvider() {
    const provider = (await v8.getProvider()) as Provider;
    const generate = provider.generateCoverage.bind(provider);
    const read = provider.readCoverageFiles.bind(provider);
    provider.generateCoverage = async (context) => {
      const only = (isOfProcess: boolean) => {
        provider.readCoverageFiles = ({ onFileRead, ...rest }) =>
          read({
            ...rest,
            onFileRead: ({ result }) =>
              onFileRead({
                result: result.filter(
                  (script) => Boolean(script.isExtendedContext) === isOfProcess,
                ),
              }),
          });
      };
      only(true);
      const processes = await generate({ ...context, allTestsRun: false });
      only(false);
      const map = await generate(context);
      for (const path of processes.files()) {
        const over = processes.fileCoverageFor(path).data;
        if (map.files().includes(path)) layOver(map.fileCoverageFor(path).data, over);
        else map.addFileCoverage(over);
      }
      return map;
    };
    return provider;
  },
};
// biome-ignore lint/style/noDefaultExport: Vitest reads this one
export default coverage;

/** Counts of the second file are added to what begins on the same line in the first. */
function layOver(under: FileCoverageData, over: FileCoverageData): void {
  const most = (counts: Map<string, number>, key: string, count = 0) =>
    counts.set(key, Math.max(counts.get(key) ?? 0, count));
  const counts = new Map<string, number>();
  for (const [id, { start }] of Object.entries(over.statementMap))
    most(counts, `s${start.line}`, over.s[id]);
  for (const [id, { decl }] of Object.entries(over.fnMap))
    most(counts, `f${decl.start.line}`, over.f[id]);
  for (const [id, { type, locations }] of Object.entries(over.branchMap))
    for (const [at, { start }] of locations.entries())
      most(counts, `b${type}${start?.line}/${at}`, over.b[id]?.[at]);
  for (const [id, { start }] of Object.entries(under.statementMap))
    under.s[id] = (under.s[id] ?? 0) + (counts.get(`s${start.line}`) ?? 0);
  for (const [id, { decl }] of Object.entries(under.fnMap))
    under.f[id] = (under.f[id] ?? 0) + (counts.get(`f${decl.start.line}`) ?? 0);
  for (const [id, { type, locations }] of Object.entries(under.branchMap))
    under.b[id] = locations.map(
      ({ start }, at) =>
        (under.b[id]?.[at] ?? 0) + (counts.get(`b${type}${start?.line}/${at}`) ?? 0),
    );
}

type Script = { isExtendedContext?: boolean };
type Reading = { onFileRead(file: { result: Script[] }): void };
type CoverageMap = Awaited<ReturnType<V8CoverageProvider['generateCoverage']>>;
type FileCoverageData = ReturnType<CoverageMap['fileCoverageFor']>['data'];
type Provider = Omit<CoverageProvider, 'generateCoverage'> &
  Pick<V8CoverageProvider, 'generateCoverage'> & {
    readCoverageFiles(reading: Reading): Promise<void>;
  };
