export { entryWords, serviceId } from './backends.ts';
export { entryCodes } from './codes.ts';
export type { GatewayAttachment } from './gateway.ts';
export { gatewayAttachments, isEntrance, resolveEntries } from './resolve.ts';
export type { EntryOptions, ResolvedEntries } from './resolve.ts';
export type { NamedController } from './controllers.ts';
export { knownControllers } from './known-controllers.ts';
export type { KnownController } from './known-controllers.ts';
export type { Entry, EntryKind, EntrySource, EntryTarget, EntryTls, EntryWay } from './types.ts';
