import { defineBackground } from 'wxt/utils/define-background';
import { listen } from '../recorder/listen.ts';

export default defineBackground({ type: 'module', main: listen });
