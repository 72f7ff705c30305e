/**
 * Public key in the manifest of the extension. It fixes the extension’s id wherever it is loaded from, so
 * that a server can name its origin exactly. The private half was thrown away: nothing is signed by it.
 *
 * https://developer.chrome.com/docs/extensions/reference/manifest/key
 */
export const extensionKey =
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA6LUsoNexJWh0mEGcJASHkIa/A0RgpAMWRqhdK0c2VyT/SdwXMxGLhwkcgSPZsUcgUrXKM6eDOtFabmKyR26MkeBru27GrPZkVBD6nbdn3G4xv77jy8mV8VnR8dXa7JEwgItmoYnaynsm4PhU6MUJOpSkD7iVRAZyYfKwKSdmPE2e+73hw6Zuck0vHOnUrRp+Mya0jHijfrFdT5S2bjOglehHuiuaBkD0u6sdO9P2kThTz+2bIwWVfl7pG62tcsiz+xgcHamXC9Xv/dTXUcfzRzFXzRD98wkYDtMpN19HJRkGEf+J5j4f+80/u4F8lA/h6r7Xt9DGHXAf7fDRYOi8aQIDAQAB';

/** The first 128 bits of the key’s SHA-256, written with the letters a to p. */
export const extensionId = 'lbolncmakakpajgokaddefbcckcjjkjk';

/** What the extension’s requests name as their origin. */
export const extensionOrigin = `chrome-extension://${extensionId}`;
