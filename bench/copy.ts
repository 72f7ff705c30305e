import type { Client, Connection, Submittable } from 'pg';

/** Bytes and rows that `COPY … TO STDOUT` gives; nothing is kept. */
export function copyOut(client: Client, query: string): Promise<{ bytes: number; rows: number }> {
  return new Promise((resolve, reject) => {
    const counted = { bytes: 0, rows: 0 };
    let failure: Error | null = null;
    const submittable = {
      submit: (connection: Connection) => void connection.query(query),
      handleCopyOutResponse: () => undefined,
      handleCopyData({ chunk }: { chunk: Buffer }) {
        counted.bytes += chunk.length;
        counted.rows++;
      },
      handleRowDescription: () => undefined,
      handleDataRow: () => undefined,
      handleCommandComplete: () => undefined,
      handleEmptyQuery: () => undefined,
      handlePortalSuspended: () => undefined,
      handleError(error: Error) {
        failure = error;
        reject(error);
      },
      handleReadyForQuery: () => void (failure ?? resolve(counted)),
    };
    client.query(submittable as Submittable);
  });
}
