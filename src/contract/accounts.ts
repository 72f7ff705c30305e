export const apiScopes = {
  CAPTURE: 'Record sessions; read the participant’s own.',
  READ: 'Read everything of the project.',
  TRAIN: 'Make datasets, train and deploy.',
  REPORT: 'Send diagnostics.',
  ADMIN: 'Change keys, members and settings, retry and erase.',
} as const;

export const roles = {
  OWNER: 'May do everything, and cannot be removed by others.',
  ADMIN: 'May do everything.',
  REVIEWER: 'May read everything and review sessions.',
  VIEWER: 'May read everything.',
} as const;

export type ApiScope = keyof typeof apiScopes;
export type Role = keyof typeof roles;
