import type { CodeDoc } from '../manifest/index.ts';

/** The diagnostic codes that `readInputs` can give. */
export type HostCode = 'unreadable-file' | 'no-manifests';

/** Every diagnostic code of reading inputs, for `podwall help CODE`. */
export const hostCodes: Readonly<Record<HostCode, CodeDoc>> = {
  'unreadable-file': {
    title: 'A file or folder could not be read.',
    text: `The operating system refused, for the reason that the message gives: mostly missing rights, or a symbolic link that leads nowhere. What it holds is not part of the answer, which is therefore incomplete.`,
  },
  'no-manifests': {
    title: 'A folder holds no manifests.',
    text: `Of a folder, the files that end in .yaml, .yml or .json are read, hidden ones and subfolders are not; -R reads subfolders, too. A file of any other name is read when it is named itself.`,
  },
};
