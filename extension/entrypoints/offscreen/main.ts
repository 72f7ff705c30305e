import { openMicrophone } from '../../recorder/microphone.ts';

openMicrophone();
