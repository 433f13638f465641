export { SequenceTable, grown } from '../model/index.ts';
