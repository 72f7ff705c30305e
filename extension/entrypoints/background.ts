import { defineBackground } from 'wxt/utils/define-background';

export default defineBackground({
  type: 'module',
  main() {
    // Listeners must stand before the first turn of the loop: an event wakes the worker for them.
  },
});
