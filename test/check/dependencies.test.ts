/** Facts about package-lock.json that no import shows. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

it('all Temporal packages share one protobufjs; otherwise no history can be read from JSON', async () => {
  const { packages }: { packages: object } = JSON.parse(
    await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8'),
  );
  const copies = Object.keys(packages).filter((path) => /(^|\/)node_modules\/protobufjs$/.test(path));
  // The gRPC loader has its own copy of another major version.
  expect(copies.toSorted()).toEqual([
    'node_modules/@grpc/proto-loader/node_modules/protobufjs',
    'node_modules/protobufjs',
  ]);
});
