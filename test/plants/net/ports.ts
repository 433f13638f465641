// Date.now() in a comment and 'process' in a string are no use of the world.
export const now = () => ['process', Date.now(), Math.random(), new Date(), new Date(0)];
export const sorted = (names: string[]) => names.sort((a, b) => a.localeCompare(b));
