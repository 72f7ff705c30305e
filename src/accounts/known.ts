import type { Viewer } from '../graphql/context.ts';
import { unauthenticated } from '../graphql/errors.ts';

/** The viewer of a field whose `authScopes` let nobody else pass. */
export function known(viewer: Viewer | null): Viewer {
  if (!viewer) throw unauthenticated();
  return viewer;
}

export function projectOf(viewer: Viewer | null): string {
  return known(viewer).projectId;
}
