import { readdir, readFile } from 'node:fs/promises';
import type { Client } from 'pg';

/** Microseconds of CPU time, user and system. `null` where the system does not tell. */
export type CpuMicros = number | null;

// USER_HZ is 100 on every architecture that Node runs on, man 5 proc_pid_stat.
const microsPerTick = 10_000;

type Stat = { parent: number; own: number; reaped: number };

/** CPU time of one process so far, all its threads. */
export async function cpuOf(pid: number): Promise<CpuMicros> {
  const stat = await readStat(pid);
  return stat && stat.own * microsPerTick;
}

/** CPU time of a process and its children so far, those that have ended included. */
async function cpuOfFamily(pid: number): Promise<CpuMicros> {
  const parent = await readStat(pid);
  if (!parent) return null;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const children = (await Promise.all(pids.map(readStat))).filter((stat) => stat?.parent === pid);
  const ticks = children.reduce(
    (sum, child) => sum + (child?.own ?? 0) + (child?.reaped ?? 0),
    parent.own + parent.reaped,
  );
  return ticks * microsPerTick;
}

/** Of a whole Postgres: backends, writers, the process that starts them. `null` when it is not on this machine. */
export async function cpuOfPostgres(sql: Client): Promise<CpuMicros> {
  const { rows } = await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid;
  const postmaster = pid === undefined ? null : await parentOf(pid);
  return postmaster === null || postmaster <= 1 ? null : cpuOfFamily(postmaster);
}

export function difference(after: CpuMicros, before: CpuMicros): CpuMicros {
  return after === null || before === null ? null : after - before;
}

/** The process that started `pid`. */
async function parentOf(pid: number): Promise<number | null> {
  return (await readStat(pid))?.parent ?? null;
}

/** CPU time that the whole machine has spent on work so far. */
export async function cpuOfMachine(): Promise<CpuMicros> {
  const text = await readFile('/proc/stat', 'utf8').catch(() => null);
  const [user, nice, system, , , irq, softirq] =
    text?.split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  if (user === undefined) return null;
  return (
    [user, nice, system, irq, softirq].reduce<number>((sum, n) => sum + (n ?? 0), 0) * microsPerTick
  );
}

/** Linux only, https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html. */
async function readStat(pid: number): Promise<Stat | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (!text) return null;
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number) => fields[number - 3] ?? 0; // the third is the first after the name
  return { parent: field(4), own: field(14) + field(15), reaped: field(16) + field(17) };
}
