/**
 * The hosts that both a listener and a route mean; `undefined` when there is none. Empty lists mean every host.
 *
 * A wildcard stands for one label or several more, as the Gateway API has it.
 *
 * @see https://gateway-api.sigs.k8s.io/reference/spec/#hostname
 */
export function sharedHosts(
  listener: string | undefined,
  route: readonly string[],
): readonly string[] | undefined {
  if (listener === undefined) return route;
  if (route.length === 0) return [listener];
  const shared = route.flatMap((host) => {
    if (covers(listener, host)) return [host];
    return covers(host, listener) ? [listener] : [];
  });
  return shared.length === 0 ? undefined : [...new Set(shared)];
}

/** Whether every host that `narrow` means is one that `wide` means; hosts are the same in upper and lower case. */
function covers(wide: string, narrow: string): boolean {
  const [a, b] = [wide.toLowerCase(), narrow.toLowerCase()];
  if (a === b) return true;
  return a.startsWith('*.') && b.endsWith(a.slice(1)) && b.length > a.length - 1;
}

/** Whether a certificate for `pattern` serves `host`: here a wildcard stands for one label. */
export function certifies(pattern: string, host: string): boolean {
  const [a, b] = [pattern.toLowerCase(), host.toLowerCase()];
  if (a === b) return true;
  if (!a.startsWith('*.')) return false;
  const dot = b.indexOf('.');
  return dot > 0 && b.slice(dot) === a.slice(1);
}
