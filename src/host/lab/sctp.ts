// The packets that stand in for an SCTP stack: a client's INIT and the INIT ACK that answers it (RFC 9260, 3.3.2 and 3.3.3).

/** A packet of SCTP as far as the lab reads it. */
export interface SctpPacket {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of its first chunk. */
  readonly chunk: 'INIT' | 'INIT ACK' | 'ABORT' | 'other';
  /** The tag that an INIT or INIT ACK asks to be answered with; 0 in others. */
  readonly initiateTag: number;
  readonly verificationTag: number;
}

const chunkTypes = { INIT: 1, 'INIT ACK': 2, ABORT: 6 } as const;
const headerSize = 12;
const initSize = 20;
/** A cookie is a must in an INIT ACK; conntrack looks no further than its header. */
const cookie = new Uint8Array([0, 7, 0, 8, 0x70, 0x6f, 0x64, 0x77]);

/** An INIT, or with `answer` the INIT ACK to the INIT whose tag is `verificationTag`. */
export function writeSctp(packet: {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly initiateTag: number;
  readonly verificationTag: number;
  readonly answer: boolean;
}): Uint8Array {
  const parameters = packet.answer ? cookie : new Uint8Array();
  const bytes = new Uint8Array(headerSize + initSize + parameters.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, packet.sourcePort);
  view.setUint16(2, packet.destinationPort);
  view.setUint32(4, packet.verificationTag);
  view.setUint8(headerSize, packet.answer ? chunkTypes['INIT ACK'] : chunkTypes.INIT);
  view.setUint16(headerSize + 2, initSize + parameters.length);
  view.setUint32(headerSize + 4, packet.initiateTag);
  view.setUint32(headerSize + 8, 65_536); // receiver window
  view.setUint16(headerSize + 12, 1); // outbound streams
  view.setUint16(headerSize + 14, 1); // inbound streams
  view.setUint32(headerSize + 16, 1); // first transmission sequence number
  bytes.set(parameters, headerSize + initSize);
  // Conntrack takes a packet with a wrong checksum for invalid. RFC 9260, appendix A: the bytes of the CRC are swapped.
  view.setUint32(8, crc32c(bytes), true);
  return bytes;
}

/** Reads the header and the first chunk; `undefined` when the packet ends before them, or its checksum is wrong. */
export function readSctp(bytes: Uint8Array): SctpPacket | undefined {
  if (bytes.length < headerSize + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const unsigned = bytes.slice();
  unsigned.fill(0, 8, 12);
  if (view.getUint32(8, true) !== crc32c(unsigned)) return undefined;
  const type = view.getUint8(headerSize);
  const chunk = (['INIT', 'INIT ACK', 'ABORT'] as const).find((name) => chunkTypes[name] === type) ?? 'other';
  const hasTag = (chunk === 'INIT' || chunk === 'INIT ACK') && bytes.length >= headerSize + initSize;
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    chunk,
    initiateTag: hasTag ? view.getUint32(headerSize + 4) : 0,
    verificationTag: view.getUint32(4),
  };
}

/** The SCTP packet in what a raw socket of IPv4 reads, which begins with the IP header. */
export function withoutIPv4Header(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(((bytes[0] ?? 0) & 0x0f) * 4);
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f6_3b78 : value >>> 1;
  return value;
});

function crc32c(bytes: Uint8Array): number {
  let value = 0xffff_ffff;
  for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] ?? 0);
  return (value ^ 0xffff_ffff) >>> 0;
}
