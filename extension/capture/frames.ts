/** Where no frames come, as in a frame out of view; milliseconds. */
const LATEST = 100;

/** Right after the next frame was laid out, so that asking for the layout costs nothing. */
export function afterFrame(work: () => void): void {
  let isDone = false;
  const once = (): void => {
    if (!isDone) work();
    isDone = true;
  };
  requestAnimationFrame(() => void scheduler.postTask(once, { priority: 'user-blocking' }));
  setTimeout(once, LATEST);
}
