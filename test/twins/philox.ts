/** The word at an index of a stream, as the paper writes Philox4x32-10, in big integers. */
export function philoxTwin(seed: number, stream: number, index: number): number {
  const mask = 0xffffffffn;
  const block = BigInt(index) / 4n;
  let counter = [block & mask, block >> 32n, BigInt(stream), 0n] as [bigint, bigint, bigint, bigint];
  let key = [BigInt(seed) & mask, BigInt(seed) >> 32n] as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const left = counter[0] * 0xd2511f53n;
    const right = counter[2] * 0xcd9e8d57n;
    counter = [(right >> 32n) ^ counter[1] ^ key[0], right & mask, (left >> 32n) ^ counter[3] ^ key[1], left & mask];
    key = [(key[0] + 0x9e3779b9n) & mask, (key[1] + 0xbb67ae85n) & mask];
  }
  return Number(counter[index % 4]);
}
