import * as v from 'valibot';
import { fields } from '../schema.js';

/** What IAM has of roles. Each role exists. */
export const IamSettings = fields({
  /** Inline policies by role, then by name, each as JSON. */
  rolePolicies: v.optional(v.record(v.string(), v.record(v.string(), v.string())), {}),
  /** The trust policy by role, as JSON. */
  trustPolicies: v.optional(v.record(v.string(), v.string()), {}),
});
