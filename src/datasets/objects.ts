import { HttpRefusal, type ObjectAction } from '../sessions/http-refusal.ts';
import { readExport } from './export-session.ts';

/** Download of an export by its signed URL. */
export const readExportAction: ObjectAction = {
  method: 'GET',
  async run(app, id) {
    const body = await readExport(app, id);
    if (!body) throw new HttpRefusal(404, 'The export is gone.');
    return { body, type: 'application/jsonl' };
  },
};
