import type { CodeDoc } from '../manifest/index.ts';

/** The diagnostic codes that `readInputs` can give beside `document-too-large`. */
export type HostCode = 'not-utf8' | 'binary-file' | 'unreadable-file' | 'no-manifests';

/** Every diagnostic code of reading inputs, for `podwall help CODE`. */
export const hostCodes: Readonly<Record<HostCode, CodeDoc>> = {
  'not-utf8': {
    title: 'The file is not encoded as UTF-8.',
    text: `Manifests are UTF-8 (or UTF-16 with a byte order mark, as PowerShell writes it). The byte that is named is part of no character in UTF-8; often the file was saved as Latin-1 or Windows-1252. The whole file was left out, so the answer is incomplete. Save it as UTF-8, for example with iconv -f WINDOWS-1252 -t UTF-8.`,
  },
  'binary-file': {
    title: 'The file is no text.',
    text: `It holds NUL bytes or is compressed, so it is neither YAML nor JSON, whatever its name says. It was left out, so the answer is incomplete. Unpack it first, or move it out of the folder.`,
  },
  'unreadable-file': {
    title: 'A file or folder could not be read.',
    text: `The operating system refused, for the reason that the message gives: mostly missing rights, or a symbolic link that leads nowhere. What it holds is not part of the answer, which is therefore incomplete.`,
  },
  'no-manifests': {
    title: 'A folder holds no manifests.',
    text: `Of a folder, the files that end in .yaml, .yml or .json are read, hidden ones and subfolders are not; -R reads subfolders, too. A file of any other name is read when it is named itself.`,
  },
};
