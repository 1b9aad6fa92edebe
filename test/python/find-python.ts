import { pythonWith } from '../python-environment.js';

/** Temporal's SDK for Python, and the library that the codec of its samples uses. */
const PACKAGES = ['temporalio==1.35.0', 'cryptography==50.0.2'];

/** An interpreter with Temporal's Python SDK; undefined on a machine without Python. */
export async function findPython(): Promise<string | undefined> {
  return (await pythonWith('temporal-python', PACKAGES))?.python;
}
