/** `unknown` when the browser does not tell; then recording will. */
export type MicrophoneState = 'granted' | 'denied' | 'prompt' | 'unknown';

/** Whether the extension may use the microphone; hears of changes for as long as the page lives. */
export async function watchMicrophone(onState: (state: MicrophoneState) => void): Promise<void> {
  try {
    const status = await navigator.permissions.query({ name: 'microphone' });
    status.addEventListener('change', () => onState(status.state));
    onState(status.state);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    onState('unknown'); // a browser that does not know this name
  }
}

/**
 * Asks the person for the microphone; the popup cannot, because the browser's question closes it.
 *
 * @returns `false` when there is none or it was denied
 */
export async function askForMicrophone(): Promise<boolean> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
}
