import { newId } from '../src/lib/ids.ts';

const bugs = 2_000; // different errors; each comes back, and keeps its bodies (100 an hour)
const functions = ['load', 'parse', 'save', 'render', 'charge', 'retry', 'dispatch', 'resolve'];

/**
 * Makes reports: the same seed makes the same but for their ids and instants.
 *
 * @param isStorm all of one error
 */
export function reportsOf(seed: number, isStorm = false) {
  let made = seed;
  return (count: number) =>
    Array.from({ length: count }, () => {
      made += 1;
      const bug = isStorm ? bugs : (made * 7_919) % bugs;
      const frames = functions.map((name, depth) => ({
        file: `/srv/app/src/module-${(bug * 31 + depth) % 50}.js`,
        function: `${name}${bug}`,
        line: 10 + bug + depth,
        column: 5,
      }));
      return {
        id: newId(),
        occurredAt: new Date().toISOString(),
        platform: 'SERVER',
        source: { service: 'shop', module: `module-${bug % 50}` },
        exceptions: [
          { type: 'OrderError', message: `The order ${made} could not be saved`, frames },
          {
            type: 'DatabaseError',
            message: `duplicate key, attempt ${made % 5}`,
            frames: frames.slice(3),
          },
        ],
        request: {
          method: 'POST',
          url: 'https://shop.example/orders/17',
          operationName: 'saveOrder',
        },
        response: { status: 500, durationMs: 12 },
        environment: {
          release: 'shop@1.4.2',
          name: 'production',
          runtime: 'node 26.10.0',
          os: 'linux',
        },
        user: { id: `user-${made % 1_000}` },
        debug: {
          breadcrumbs: functions.map((name, index) => ({
            at: new Date().toISOString(),
            kind: 'http',
            message: `GET /api/${name}/${index} 200`,
          })),
        },
      };
    });
}
