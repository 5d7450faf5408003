/** Patches of the label map as the server sends them: a JSON header, then compressed region ids. */

/** @import {Patch, PatchHeader} from "./types.js" */

/**
 * @param {ArrayBuffer} buffer  uint32 n, n bytes of JSON, then zlib of uint16 ids (all little-endian).
 * @returns {Promise<Patch>}
 */
export async function decodePatch(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  /** @type {PatchHeader} */
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const size = (header.x1 - header.x0) * (header.y1 - header.y0);
  const bytes = size ? await inflate(new Uint8Array(buffer, 4 + length)) : new Uint8Array(0);
  if (bytes.byteLength !== size * 2) {
    throw new Error(`a patch of ${size} pixels came with ${bytes.byteLength} bytes`);
  }
  return { header, labels: new Uint16Array(bytes.buffer) };
}

/**
 * @param {BufferSource} data  zlib data.
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function inflate(data) {
  const stream = new Response(data).body;
  if (!stream) throw new Error("an empty answer");
  const plain = stream.pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}
