/** From a page's coming up; at most two a second, and the browser gives five of five (STACK.md). */
export const burstAtMs = [0, 300, 1_010, 1_310, 2_020];
