import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { works } from '../python-environment.js';

/** Whether this machine can make a certificate: Node.js cannot. */
export const HAS_OPENSSL = await works('openssl', 'version');

/** The paths of a certificate that has signed itself, and of its key, until the test ends. @param ip the address that it names */
export async function selfSigned(ip: string): Promise<{ cert: string; key: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=doctor'];
  await promisify(execFile)('openssl', [...made, '-addext', `subjectAltName=IP:${ip}`, '-keyout', key, '-out', cert]);
  return { cert, key };
}
