import { openPopup } from '../../face/popup.ts';

openPopup(document.body);
