import { expect, test } from 'vitest';
import { loadConfig } from '../platform/config.ts';
import { requireEndpoint } from './endpoint.ts';

const ask = (endpoint: string, env: Record<string, string> = {}) =>
  requireEndpoint({ config: loadConfig(env) }, endpoint);

test.each([
  'http://10.0.0.1/v1',
  'https://192.168.1.5/v1',
  'https://169.254.169.254/v1',
  'https://198.18.0.7/v1',
  'https://[fd00::1]/v1',
  'https://[::ffff:10.0.0.1]/v1',
  'https://0.0.0.0/v1',
])('%s is inside a private network, and refused', async (endpoint) => {
  await expect(ask(endpoint)).rejects.toThrow('Expected a public address');
});

test('this machine is allowed, the world by HTTPS only, and the hosts that the operator names', async () => {
  await ask('http://127.0.0.1:8000/v1');
  await ask('http://[::1]:8000/v1');
  await ask('https://8.8.8.8/v1');
  await expect(ask('http://8.8.8.8/v1')).rejects.toThrow('Expected HTTPS');
  const env = { MODEL_ENDPOINT_HOSTS: '10.0.0.1,*.models.example' };
  await ask('http://10.0.0.1/v1', env);
  await ask('https://eu.models.example/v1', env);
  await expect(ask('https://8.8.8.8/v1', env)).rejects.toThrow('MODEL_ENDPOINT_HOSTS');
});
