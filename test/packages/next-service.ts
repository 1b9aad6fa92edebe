import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Consumer, SERVICE, SYSTEM } from './consumer.js';

/** Builds a Next.js application with one route, serves it, asks the route, and returns what it answers. */
export async function served(service: Consumer, settings: Record<string, string>): Promise<string> {
  await mkdir(join(service.folder, 'app/verify'), { recursive: true });
  await service.write({
    'app/layout.jsx': 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;\n',
    'app/page.jsx': 'export default () => <p>Hello</p>;\n',
    'app/verify/verify.js': SERVICE['verify.mjs'],
    'app/verify/route.js': `
      import { verify } from './verify.js';
      export const dynamic = 'force-dynamic';
      export const GET = async () => new Response(await verify());
    `,
  });
  await service.bin('next', 'build');
  const port = await freePort();
  const next = join(service.folder, 'node_modules/next/dist/bin/next');
  const server = spawn(process.execPath, [next, 'start', '--port', String(port), '--hostname', '127.0.0.1'], {
    cwd: service.folder,
    env: { ...SYSTEM, ...settings, NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  try {
    for await (const chunk of server.stdout) if (String(chunk).includes('Ready')) break;
    const response = await fetch(`http://127.0.0.1:${port}/verify`, { signal: AbortSignal.timeout(60_000) });
    return await response.text();
  } finally {
    server.kill();
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
