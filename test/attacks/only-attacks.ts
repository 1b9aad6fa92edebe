/** Setup of the project `weaknesses`: what is no attack has run against the product already. */
import { beforeEach } from 'vitest';
import { SUCCEEDS } from './attack.js';

beforeEach(({ task, skip }) => skip(!task.name.includes(SUCCEEDS)));
