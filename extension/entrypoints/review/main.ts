import { openReview } from '../../face/review.ts';
import { openStore } from '../../outbox/store.ts';

const sessionId = new URLSearchParams(location.search).get('session') ?? '';

await openReview(document.body, await openStore(), sessionId);
