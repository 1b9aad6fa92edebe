import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readDescriptors, selectDescriptors } from '../../program/descriptors.js';

const ALL = readDescriptors(fileURLToPath(import.meta.resolve('@temporalio/proto/protos/json-module.js')));
const { Root } = createRequire(import.meta.resolve('@temporalio/proto'))('protobufjs/light');

it('a selection has everything that its messages and services hold, and nothing else', () => {
  const chosen = selectDescriptors(ALL, ['temporal.api.workflowservice.v1']);
  // Throws for a name that it does not find.
  const root = Root.fromJSON(chosen).resolveAll();
  expect(root.lookupType('temporal.api.history.v1.HistoryEvent')).toBeDefined();
  expect(chosen.nested?.['temporal']?.nested?.['api']?.nested).not.toHaveProperty('cloud');
  expect(Object.keys(chosen.nested ?? {}).sort()).toEqual(['google', 'temporal']);
});

it('a name that Temporal does not have is an error of the build', () => {
  expect(() => selectDescriptors(ALL, ['temporal.api.gone.v1'])).toThrow('temporal.api.gone.v1');
});
