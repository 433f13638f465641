import table from 'cli-table3';
import { compile } from '../policy/index.ts';

export const print = () => {
  const width = process.stdout.columns;
  console.log(table, compile, `${width}`);
  setTimeout(() => performance.now(), 1);
  return fetch('https://example.org');
};
