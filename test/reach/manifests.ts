/** The text of a NetworkPolicy, from `namespace/name` and its spec in flow style. */
export function policy(id: string, spec: string): string {
  const [namespace, name] = id.split('/');
  return `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${spec}
`;
}
