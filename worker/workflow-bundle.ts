import { fileURLToPath } from 'node:url';

/** The workflow code as `npm run build` leaves it (`imports` in package.json); the same path from source and from dist. */
export const WORKFLOW_BUNDLE_PATH = fileURLToPath(import.meta.resolve('#workflow-bundle'));
