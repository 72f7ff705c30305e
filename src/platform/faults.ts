/** Something of ours did not work. Refusals and what a client did wrong are none. */
export type Fault = {
  /** Part of us that met it. */
  place:
    | 'operation'
    | 'request'
    | 'job'
    | 'dead-job'
    | 'provider'
    | 'socket'
    | 'database'
    | 'notifications'
    | 'process';
  error: unknown;
  /** Name of the operation or job. */
  name?: string | null;
  /** Whose work it was. Absent: nobody's, or not known. */
  projectId?: string | null;
  /** W3C trace id. */
  correlationId?: string | null;
  /** Close code of a WebSocket. */
  closeCode?: number;
};

/** Where every part of us tells of its faults; diagnostics, which stands above, hears them. */
export type Faults = {
  /** Takes one, never throws and never waits. */
  report(fault: Fault): void;
  /** Hands on what comes, and first what came before. */
  connect(hear: (fault: Fault) => void): void;
};

const mostEarly = 50; // before somebody hears

export function openFaults(): Faults {
  const early: Fault[] = [];
  let hear: ((fault: Fault) => void) | null = null;
  return {
    report(fault) {
      if (hear) hear(fault);
      else if (early.length < mostEarly) early.push(fault);
    },
    connect(given) {
      hear = given;
      for (const fault of early.splice(0)) given(fault);
    },
  };
}
