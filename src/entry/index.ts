export { entryWords, serviceId } from './backends.ts';
export { entryCodes } from './codes.ts';
export type { GatewayAttachment } from './gateway.ts';
export { gatewayAttachments, resolveEntries } from './resolve.ts';
export type { EntryOptions, ResolvedEntries } from './resolve.ts';
export type { NamedController } from './controllers.ts';
export type { Entry, EntryKind, EntrySource, EntryTarget, EntryTls, EntryWay } from './types.ts';
