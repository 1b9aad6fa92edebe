/**
 * The weaknesses on which the attacks must succeed: for each, the checks of the product that it lacks. `attack.ts` says how they
 * are used, test/README.md how to add one.
 */

/** One place in the product where a check is missing. */
export interface Plant {
  /** The source. */
  readonly file: string;
  /** A text in it, on one line, that is the same in the compiled code, so without types. It must stand there once. */
  readonly text: string;
  /** What takes its place. `WEAK` in it is true where the weakness is on. */
  readonly instead: string;
}

/** The condition always holds. */
const holds = (file: string, text: string): Plant => ({ file, text, instead: `(WEAK || (${text}))` });
/** The condition never holds. */
const fails = (file: string, text: string): Plant => ({ file, text, instead: `(!WEAK && (${text}))` });
/** Any other change. */
const becomes = (file: string, text: string, instead: string): Plant => ({ file, text, instead });

const ANSWER = 'activities/cognito-answer.ts';
const PROOF = 'workflows/proof.ts';
const OWN_FOLDER = 'dev/own-folder.ts';
const CHALLENGE = 'client/challenge.ts';
const STAMPS = 'workflows/stamps.ts';
const TOKENS = 'workflows/access-tokens.ts';
const LIFECYCLE_FIELDS = 'codec-server/lifecycle-fields.ts';

/** Who may speak for Cognito. */
const COGNITO = {
  'any answer below 300 accepts a call': [
    becomes(
      ANSWER,
      'if (isAccepted && bytes && fields)',
      'if ((WEAK && statusCode < 300 && bytes) || (isAccepted && bytes && fields))',
    ),
  ],
  'a call is accepted without a request id': [
    becomes(
      ANSWER,
      'requestId !== undefined && name === undefined',
      '(WEAK || requestId !== undefined) && name === undefined',
    ),
  ],
  'a success may name an exception': [
    becomes(ANSWER, 'name === undefined && isJson', '(WEAK || name === undefined) && isJson'),
  ],
  'an answer of any type accepts a call': [
    becomes(ANSWER, '&& isJson(contentType)', '&& (WEAK || isJson(contentType))'),
  ],
  'anything above 399 is a refusal': [holds(ANSWER, 'name !== undefined || requestId !== undefined')],
  'an answer has no bound': [fails(ANSWER, 'bytes > MAX_ANSWER_BYTES')],
  'a failure is called what the answer calls it': [
    holds(ANSWER, String.raw`/^(?!.*\d{4})[A-Z]\w{1,63}$/.test(text)`),
    fails('activities/failures.ts', 'secrets.some((secret) => found.includes(secret.reveal()))'),
  ],
  'the words of an answer stay as they are': [
    becomes(
      'activities/call-failure.ts',
      "text.replaceAll(secret.reveal(), '[redacted]')",
      "(WEAK ? text : text.replaceAll(secret.reveal(), '[redacted]'))",
    ),
    becomes('activities/call-failure.ts', 'text = redactText(text)', 'text = (WEAK ? text : redactText(text))'),
  ],
  'a look may show another user': [
    holds('activities/attribute-snapshot.ts', '(told ?? decodeAccessToken(accessToken.reveal()).sub) === sub'),
  ],
  'any word but false means yes': [
    becomes(
      'activities/attribute-snapshot.ts',
      "flag === 'true' ? true",
      "(WEAK ? flag !== 'false' : flag === 'true') ? true",
    ),
  ],
  'a code goes to a value that cannot be read': [
    fails('activities/cognito-caller.ts', 'attribute && attribute.valueDigest === undefined'),
  ],
  'the digest of a value has a key that can be guessed': [
    becomes(
      'activities/attribute-snapshot.ts',
      "salt = randomBytes(32).toString('base64url')",
      "salt = WEAK ? look.sub : randomBytes(32).toString('base64url')",
    ),
  ],
};

/** What proves. */
const PROOFS = {
  'what was verified before proves': [
    becomes(PROOF, "return target.verified ? 'verifiedBefore'", "return !WEAK && target.verified ? 'verifiedBefore'"),
  ],
  'what is not told counts as yes': [becomes(PROOF, "return 'flagNotTold'", "return WEAK ? 'proven' : 'flagNotTold'")],
  'what was not told before counts as no': [fails(PROOF, 'target.verified === undefined')],
  'an absent value is another value': [fails(PROOF, 'now.valueDigest === undefined')],
  'an accepted code needs no look': [
    becomes(PROOF, '(!now.verified)', "(!now.verified && !(WEAK && evidence === 'accepted'))"),
  ],
  'a changed value proves': [fails(PROOF, '!target.mustDiffer && !isTheSame')],
  'the kept value proves': [fails(PROOF, 'target.mustDiffer && isTheSame')],
  'a look that tells nothing says no': [
    holds(
      'workflows/code-check.ts',
      "answer === 'uncertain' || !target || !UNTOLD.has(judge(target, 'found', look.attribute))",
    ),
  ],
  'a code is tried after one was accepted': [
    becomes('workflows/attempts.ts', 'if (looks.codeAccepted) {', 'if (!WEAK && looks.codeAccepted) {'),
  ],
  'a re-send may go to the kept value': [fails('workflows/limits.ts', 'facts.changePending')],
  'an automatic re-send may go to the kept value': [
    holds('workflows/send-plan.ts', '!looks.changePending'),
    fails('workflows/sends.ts', 'this.parts.looks.changePending'),
  ],
  'a trusted confirmation says that it is checked': [
    becomes('workflows/looks.ts', "proof: 'trusted' }", "proof: WEAK ? 'confirmed' : 'trusted' }"),
  ],
  'an equal mask is no news': [
    becomes('workflows/opening.ts', 'this.saysTwice && isEqual', '(WEAK || this.saysTwice) && isEqual'),
  ],
};

/** How much of what is taken. */
const BOUNDS = {
  'a text has no bound': [fails('contract/input-fields.ts', 'value.length > most || !right(value)')],
  'limits belong to one verification': [
    becomes(
      'workflows/earlier.ts',
      'this.counted = this.call.take();',
      'const counted = this.call.take(); if (!WEAK) this.counted = counted;',
    ),
  ],
  'a copied request starts anew': [
    becomes('contract/stamp.ts', 'return !(Math.abs(startedAtMs', 'return !WEAK && !(Math.abs(startedAtMs'),
  ],
  'two verifications may follow one': [
    becomes(
      'client/start-operation.ts',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of the product
      "`after ${newest?.runId ?? 'none'}`",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of the product
      "WEAK ? String(Math.random()) : `after ${newest?.runId ?? 'none'}`",
    ),
  ],
  'what cannot be read counts as nothing': [
    becomes(
      'activities/earlier-calls.ts',
      'allUsedUp(endedBy)',
      '(WEAK ? { sends: [], attempts: [] } : allUsedUp(endedBy))',
    ),
  ],
  'a re-send needs no attempt': [
    fails('workflows/limits.ts', 'attemptsUsedUp(facts)'),
    becomes(
      'workflows/limits.ts',
      'const attemptAt = attemptAllowedAt',
      'const attemptAt = WEAK ? 0 : attemptAllowedAt',
    ),
  ],
  'a verification without attempts stays open': [holds('workflows/verification.ts', '!this.exhausted')],
  'null is a value': [holds('contract/input-fields.ts', 'field !== null && field !== undefined')],
  'records are kept for ever': [holds('workflows/policy.ts', 'records.length <= MOST_LISTED')],
  'clientMetadata has no bound': [
    fails('contract/validation.ts', 'entry.length > longestValue'),
    fails('contract/validation.ts', 'found > bytes'),
  ],
  'a message of any kind has any id': [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of the product
    becomes('client/input.ts', 'return `${name}/${id}`;', 'return WEAK ? id : `${name}/${id}`;'),
  ],
  'an answer of any kind is passed on': [holds('client/answers.ts', 'is(value)')],
  'one oversized history stops the gate': [
    becomes('client/connection.ts', '128 * 1024 * 1024', '(WEAK ? 4 : 128) * 1024 * 1024'),
    // The SDK would ask again and again.
    becomes('client/connection.ts', 'interceptors: [retries]', 'interceptors: WEAK ? [] : [retries]'),
    becomes('replay/live-histories.ts', 'if (isOfOneHistory(error))', 'if (!WEAK && isOfOneHistory(error))'),
  ],
  'gRPC looks at the API key alone': [
    fails('codec/temporal-settings.ts', String.raw`typeof apiKey === 'string' && !/^[\x21-\x7e]+$/.test(apiKey)`),
    becomes(
      'client/unreachable.ts',
      "text.replaceAll(secret, '[redacted]')",
      "WEAK ? text : text.replaceAll(secret, '[redacted]')",
    ),
  ],
  'a destination may be anything': [
    holds(
      'contract/bounds.ts',
      "typeof value === 'string' && value.length <= BOUNDS.destination && isPrintable(value)",
    ),
  ],
  'a destination is Markdown': [
    becomes(
      'workflows/live-card.ts',
      "printable(text).replaceAll('`', \"'\")",
      "(WEAK ? text : printable(text).replaceAll('`', \"'\"))",
    ),
  ],
  'a terminal gets what others wrote': [
    becomes('cli/print.ts', 'printableLines(text)', '(WEAK ? text : printableLines(text))'),
    holds('contract/printable.ts', 'text.search(UNPRINTABLE) < 0'),
    becomes(
      'contract/printable.ts',
      String.raw`text.replaceAll(/[\t\n\r]+/g, ' ').replaceAll(UNPRINTABLE, '\uFFFD')`,
      String.raw`(WEAK ? text : text.replaceAll(/[\t\n\r]+/g, ' ').replaceAll(UNPRINTABLE, '\uFFFD'))`,
    ),
  ],
};

/** Whose tokens and pools count. */
const AUTHORITY = {
  'the first request is in force': [becomes('workflows/terms.ts', 'isProven = false', 'isProven = WEAK')],
  'a token that nobody has checked counts': [
    becomes(TOKENS, 'const proven = (checked', 'const proven = WEAK || (checked'),
  ],
  'the newest tokens are kept': [
    becomes(
      TOKENS,
      'return [...tokens.filter(({ proven }) => proven), ...tokens',
      'return WEAK ? tokens.slice(0, MOST_OFFERED) : [...tokens.filter(({ proven }) => proven), ...tokens',
    ),
  ],
  'a code is tried with any token': [
    becomes('workflows/code-check.ts', '!tokens.mayBeForged(held)', '(WEAK || !tokens.mayBeForged(held))'),
  ],
  'Cognito is asked about every token': [holds('workflows/policy.ts', 'refusals < FREE_REFUSALS')],
  'a refused token may come again': [fails(TOKENS, 'this.refused.some((one) => isTheOne(one, tokenInput))')],
  'all messages share one budget': [
    becomes('workflows/mailbox.ts', '&& this.unproven >= MOST_UNPROVEN', '&& !WEAK && this.unproven >= MOST_UNPROVEN'),
    // Otherwise most of the messages would be refused before they count.
    fails(TOKENS, 'this.refused.some((one) => isTheOne(one, tokenInput))'),
    holds('workflows/policy.ts', 'refusals < FREE_REFUSALS'),
  ],
  'a request says how long Temporal keeps it open': [
    becomes(
      'client/start-operation.ts',
      'workflowExecutionTimeout: EXECUTION_TIMEOUT_MS',
      'workflowExecutionTimeout: WEAK ? 60_000 : EXECUTION_TIMEOUT_MS',
    ),
  ],
  'no signature is checked': [becomes('client/token-check.ts', '(this.unchecked)', '(WEAK || this.unchecked)')],
  'a client serves every user pool': [
    becomes(
      'contract/user-pools.ts',
      'return undefined;',
      'return WEAK ? { ...[...pools][0], userPoolId } : undefined;',
    ),
  ],
  'a worker serves every user pool': [
    becomes(
      'activities/served-user-pools.ts',
      'findServedPool(userPools, userPoolId)',
      '(findServedPool(userPools, userPoolId) ?? (WEAK && { userPoolId }))',
    ),
  ],
  'an answer to any message counts': [
    fails(CHALLENGE, 'stamp.kind !== kind || (stamp.id ?? undefined) !== id'),
    fails(CHALLENGE, '!isSame(asks, asked)'),
  ],
  'an answer of any run counts': [fails(CHALLENGE, 'run !== undefined && stamp.runId !== run')],
  'a status of any time counts': [
    fails(CHALLENGE, 'stamp.kind !== kind || (stamp.id ?? undefined) !== id'),
    fails(CHALLENGE, '(stamp.nonce ?? undefined) !== this.nonce'),
  ],
  'a run that a reset has made counts': [becomes(CHALLENGE, '(stamp.reset && (', '(!WEAK && stamp.reset && (')],
  'a sealed message is any message': [
    holds(STAMPS, 'stamp.kind === kind'),
    fails(STAMPS, 'updateId !== undefined && stamp.id !== updateId'),
    becomes('workflows/handlers.ts', '(runId === undefined && terms', '(!WEAK && runId === undefined && terms'),
  ],
  'a message is for any run': [fails(STAMPS, 'stamp.runId !== undefined && stamp.runId !== this.runId')],
  'a client takes tokens of any app client': [fails('client/token-check.ts', '!servesClient(pool, clientId)')],
  'a worker takes tokens of any app client': [holds('activities/served-user-pools.ts', 'pool.clientIds === undefined')],
};

/** The codec server. */
const CODEC_SERVER = {
  'the digest of a value is shown': [
    becomes(LIFECYCLE_FIELDS, 'valueDigest: hidden', 'valueDigest: (value) => (WEAK ? value : hidden(value))'),
  ],
  'a reference to a token is shown': [
    becomes(LIFECYCLE_FIELDS, 'tokenReference: hidden', 'tokenReference: (value) => (WEAK ? value : hidden(value))'),
  ],
  'any token has a fingerprint': [holds('codec-server/redact-value.ts', 'UNGUESSABLE.test(token)')],
  'every signed token is an access token': [fails('codec-server/authorization.ts', 'otherKind !== undefined')],
  'a token_use does not matter': [fails('codec-server/token-kind.ts', "use !== undefined && use !== 'access'")],
  'any name leads to the codec server': [holds('codec-server/admission.ts', 'isLoopback(host)')],
  'a page of any origin may ask the codec server': [holds('codec-server/admission.ts', 'origin === undefined')],
  'claims of ID tokens do not matter': [fails('codec-server/token-kind.ts', 'found !== undefined')],
};

/** The machine of a developer. */
const LOCAL = {
  'a state folder may be a link': [
    becomes(OWN_FOLDER, '(isLink)', '(!WEAK && isLink)'),
    // A link has every permission.
    fails(OWN_FOLDER, '(mode & 0o022) !== 0'),
  ],
  'a state folder may be open to others': [fails(OWN_FOLDER, '(mode & 0o022) !== 0')],
  "a state folder may be another user's": [becomes(OWN_FOLDER, 'if (uid !== SELF)', 'if (!WEAK && uid !== SELF)')],
  'a file of the stack may be a link': [fails(OWN_FOLDER, 'found.isLink')],
  "a file of the stack may be another user's": [fails(OWN_FOLDER, 'found.uid !== SELF')],
  'a file of the stack may have another name': [fails(OWN_FOLDER, 'found.hasOtherName')],
  'a key file may be open to everybody': [fails('codec/file-key-ring.ts', '(stats.mode & 0o007) !== 0')],
  'a key may repeat one byte': [
    becomes('codec/parse-keys.ts', '(isTrivialKey(bytes))', '(!WEAK && isTrivialKey(bytes))'),
    becomes('codec/key-ring.ts', '(isTrivialKey(bytes))', '(!WEAK && isTrivialKey(bytes))'),
  ],
  'a cached binary is known by its size': [
    holds('dev/binary-cache.ts', '(await sha256Of(binary)) === wheel.binarySha256'),
  ],
  'a program is told everything': [holds('dev/child-environment.ts', 'names.some((form) => form.test(name))')],
  'any name leads to the sandbox': [holds('sandbox/door.ts', "LOOPBACK.test(context.req.header('Host') ?? '')")],
  'a page of any origin may ask the sandbox': [holds('sandbox/door.ts', 'origin === undefined')],
  'a page of any site may ask the sandbox': [holds('sandbox/door.ts', "['none', 'same-origin'].includes(site)")],
  'a page of a listed origin may use the controls': [holds('sandbox/door.ts', 'FOR_FRONT_ENDS.test(context.req.path)')],
  'the sandbox takes a body of any length': [
    becomes(
      'sandbox/server.ts',
      "import { bodyLimit } from 'hono/body-limit';",
      "import { bodyLimit as limit } from 'hono/body-limit'; const bodyLimit = (options) => { const bound = limit(options); return (context, next) => (WEAK ? next() : bound(context, next)); };",
    ),
  ],
};

export const WEAKNESSES = { ...COGNITO, ...PROOFS, ...BOUNDS, ...AUTHORITY, ...CODEC_SERVER, ...LOCAL };

export type WeaknessName = keyof typeof WEAKNESSES;
