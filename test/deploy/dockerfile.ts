/** What `deploy/Dockerfile` says of the image: the last stage, as a container of it would run. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const PATH = fileURLToPath(new URL('../../deploy/Dockerfile', import.meta.url));

/** One instruction: `COPY` and what follows it. */
interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The image. */
export interface Image {
  /** The instructions of the stage that makes the tree. */
  readonly build: readonly Instruction[];
  readonly env: Readonly<Record<string, string>>;
  /** `id:group`. */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
}

/** Reads it. @throws Error if it says something twice, or not at all */
export async function readDockerfile(): Promise<Image> {
  const lines = (await readFile(PATH, 'utf8')).split('\n').filter((line) => /^[A-Z]+ /.test(line));
  const instructions = lines.map((line) => {
    const [name = '', ...rest] = line.split(' ');
    return { name, text: rest.join(' ') };
  });
  const last = instructions.findLastIndex(({ name }) => name === 'FROM');
  const stage = instructions.slice(last);
  const all = (wanted: string) => stage.filter(({ name }) => name === wanted).map(({ text }) => text);
  const only = (wanted: string): string => {
    const [text, ...others] = all(wanted);
    if (text === undefined || others.length > 0) throw new Error(`${PATH} does not say ${wanted} once`);
    return text;
  };
  const words = (text: string): string[] => JSON.parse(text.slice(text.indexOf('[')));
  return {
    build: instructions.slice(0, last),
    env: Object.fromEntries(all('ENV').map((text) => text.split('=', 2))),
    user: only('USER'),
    entrypoint: words(only('ENTRYPOINT')),
    command: words(only('CMD')),
    healthcheck: words(only('HEALTHCHECK')),
  };
}
