import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { passwordVerifier, provesPassword, startExchange } from '../../sandbox/srp.js';
import { SrpClient } from './srp-client.js';

const ZOE = { poolName: 'abcDEF123', username: 'zoe' };
const PASSWORD = 'Correct-horse-7';
const BLOCK = Buffer.from('a block');
const TIMESTAMP = 'Wed Apr 5 22:42:34 UTC 2017';

/**
 * Computed with the `AuthenticationHelper` of amazon-cognito-identity-js 6.3.21. In the second one, the client's number
 * starts with a digit that would be a sign.
 */
const VECTORS = [
  {
    salt: '234752ee8cc644aec293d3a21b56754d',
    privateA:
      'f55ff16f66f43360266b95db6f8fec01d76031054306ae4a4b380598f6cfd1147dc96f776c8423e57a2785489a3f9c43fb6e756876d6ad9a9cac4aa4e72ec193',
    privateB: '1bb79d17990ec2d69b032eb056148349e94b2c8d075d6461f158e7d72b2ffd42',
    digestOfVerifier: 'e73cf50cb43cea86afde3270119ccc0e2f1a0b98ab68a4b8015212c86a389b9e',
    signature: 'fcc89f6f3bb2e6b78e57b35857cf5db4c3b9d6681b641918f7e7492b742fc409',
  },
  {
    salt: '18ac3e7343f016890c510e93f9352611',
    privateA:
      '4539e4b4889079c2a00afeae0bfc1439840ef2379a1fb81c8ba27361ad476d6b486bacc5c2d8a71a73d51bf8e522deaa264ec2628dca2955da1e9b8e00f21943',
    privateB: '88b6b4a2d6bafab6512bf3714c7ea3263a65015122f905c5d74b0ba5c5b4cbb0',
    digestOfVerifier: '676015e60c62b3c7b5745f2595939d576ba4dd0d9f15d965bd3f77d6d8478327',
    signature: 'fe71bb3deec623acba95074f86745068f58ba47432c5b5e3e5277ef4ce1eed22',
  },
];

describe.each(VECTORS)(
  'a password with the salt $salt',
  ({ salt, privateA, privateB, digestOfVerifier, signature }) => {
    const verifier = passwordVerifier(ZOE, PASSWORD, salt);
    const exchange = startExchange(new SrpClient('eu-central-1_abcDEF123', privateA).publicA, verifier, privateB);
    if (exchange === undefined) throw new Error('There is no exchange');
    const claim = { secretBlock: BLOCK, timestamp: TIMESTAMP, signature: Buffer.from(signature, 'hex') };

    it('has the verifier of Cognito’s clients', () => {
      expect(createHash('sha256').update(verifier.verifier).digest('hex')).toBe(digestOfVerifier);
    });

    it('is proven by their signature', () => {
      expect(provesPassword(ZOE, verifier, exchange, claim)).toBe(true);
    });

    it('is not proven for anybody or anything else', () => {
      const proves = (identity: typeof ZOE, wanted: typeof verifier, proof: typeof claim) =>
        provesPassword(identity, wanted, exchange, proof);
      expect(proves({ ...ZOE, username: 'max' }, verifier, claim)).toBe(false);
      expect(proves({ ...ZOE, poolName: 'abcDEF124' }, verifier, claim)).toBe(false);
      expect(proves(ZOE, passwordVerifier(ZOE, 'Correct-horse-8', salt), claim)).toBe(false);
      expect(proves(ZOE, verifier, { ...claim, timestamp: 'Wed Apr 5 22:42:35 UTC 2017' })).toBe(false);
      expect(proves(ZOE, verifier, { ...claim, secretBlock: Buffer.from('b block') })).toBe(false);
      expect(proves(ZOE, verifier, { ...claim, signature: Buffer.alloc(0) })).toBe(false);
    });
  },
);

describe('the number of a client', () => {
  const verifier = passwordVerifier(ZOE, PASSWORD);

  it('must be a number of at most 3072 bits, and no multiple of the prime', () => {
    for (const wrong of ['0', '', 'xyz', '-1', 'f'.repeat(769)]) expect(startExchange(wrong, verifier)).toBeUndefined();
  });

  it('proves nothing when it is chosen badly', () => {
    for (const publicA of ['1', '2', 'f'.repeat(768), 'abc'.repeat(250)]) {
      const exchange = startExchange(publicA, verifier);
      const claim = { secretBlock: BLOCK, timestamp: TIMESTAMP, signature: Buffer.alloc(32) };
      expect(exchange !== undefined && provesPassword(ZOE, verifier, exchange, claim)).toBe(false);
    }
  });
});
