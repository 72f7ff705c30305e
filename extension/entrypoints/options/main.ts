import { openOptions } from '../../face/options.ts';

openOptions(document.body);
