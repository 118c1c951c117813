// GET /v1/watchers/{id}, as watchers::get_watcher answers it: the same checks of the same token, the same two reads, the same
// answer to the byte. `cargo xtask budgets` holds it to that.

import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';

const { TABLE_PREFIX = '', TOKEN_AUDIENCE, TOKEN_ISSUER, TOKEN_JWKS } = process.env;
const TABLE = `${TABLE_PREFIX}core`;
const LEEWAY_SECONDS = 5;
const CLOCKS_DIFFER_SECONDS = 600;
const HOST_KNOWN_MILLIS = 60_000;
const MEMBERS = ['member', 'partner', 'admin'];
const ID = /^wat_[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

// RS256 and no other algorithm, whatever a token says.
const keys = new Map(JSON.parse(TOKEN_JWKS).keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
const dynamo = new DynamoDBClient({});
const hosts = new Map();

const FAILURES = {
  401: ['unauthenticated', 'A valid access token is needed', 'Sign in, and send the access token as a bearer token. Under /web, a cookie holds it.'],
  403: ['forbidden', 'Not allowed', 'Your account may not do this here.'],
  404: ['watcher-not-found', 'Not found', 'There is no such watcher.'],
};

class Failure extends Error {
  constructor(status) {
    super(FAILURES[status][1]);
    this.status = status;
  }
}

const part = (text) => JSON.parse(Buffer.from(text, 'base64url').toString());

function claimsOf(token, now) {
  const [header, claims, signature, ...more] = token.split('.');
  if (token.length > 4096 || signature === undefined || more.length > 0) throw new Failure(401);
  const { alg, kid, crit } = part(header);
  const known = keys.get(kid);
  if (crit !== undefined || known === undefined || known.asymmetricKeyType !== 'rsa' || alg !== 'RS256') throw new Failure(401);
  if (!verify('sha256', `${header}.${claims}`, known, Buffer.from(signature, 'base64url'))) throw new Failure(401);
  const said = part(claims);
  const good =
    said.iss === TOKEN_ISSUER &&
    said.aud === TOKEN_AUDIENCE &&
    now < said.exp + LEEWAY_SECONDS &&
    now >= said.iat - CLOCKS_DIFFER_SECONDS;
  if (!good) throw new Failure(401);
  return said;
}

async function read(pk, sk) {
  const { Item } = await dynamo.send(
    new GetItemCommand({ TableName: TABLE, Key: { pk: { S: pk }, sk: { S: sk } }, ConsistentRead: true }),
  );
  return Item && unmarshall(Item);
}

async function tenantOf(host, now) {
  const known = hosts.get(host);
  if (known && now - known.at < HOST_KNOWN_MILLIS) return known.tenant;
  const tenant = (await read(`HOST#${host}`, 'HOST'))?.tenant;
  hosts.set(host, { tenant, at: now });
  return tenant;
}

async function callerOf({ authorization = '', host = '' }, now) {
  const [, token] = /^bearer (.+)$/i.exec(authorization) ?? [];
  if (!token) throw new Failure(401);
  let claims;
  try {
    claims = claimsOf(token, now / 1000);
  } catch {
    throw new Failure(401);
  }
  const tenant = await tenantOf(host.toLowerCase().replace(/:\d*$/, ''), now);
  if (tenant !== claims.tid || !MEMBERS.includes(claims.role)) throw new Failure(403);
  return claims;
}

// Only what is there, in this order.
const inOrder = (object, ...names) =>
  Object.fromEntries(names.filter((name) => object[name] !== undefined).map((name) => [name, object[name]]));

const money = (amount) => amount && inOrder(amount, 'amount', 'currency');

function view({ spec, id, state, nextRun, lastRun, createdAt, updatedAt, revision }) {
  const filters = { ...spec.filters, maxTaxes: money(spec.filters.maxTaxes), maxPrice: money(spec.filters.maxPrice) };
  const schedule = { ...spec.schedule, active: spec.schedule.active && inOrder(spec.schedule.active, 'from', 'to') };
  return {
    id,
    ...inOrder(spec, 'name', 'wanted', 'from', 'to'),
    dates: inOrder(spec.dates, 'on', 'flexDays', 'from', 'to'),
    ...inOrder(spec, 'cabins', 'travellers'),
    filters: inOrder(
      filters,
      'maxStops',
      'maxMinutes',
      'carriers',
      'carriersExcluded',
      'programmes',
      'maxPoints',
      'maxTaxes',
      'maxPrice',
      'minCentsPerPoint',
    ),
    telling: inOrder(spec.telling, 'minScore', 'againWhenCheaperBy'),
    schedule: inOrder(schedule, 'every', 'hours', 'active', 'on', 'at'),
    state,
    nextRunAt: nextRun,
    lastRunAt: lastRun,
    createdAt,
    updatedAt,
    version: revision,
  };
}

async function watcherOf({ tid, sub }, id) {
  const watcher = ID.test(id) ? await read(`T#${tid}#M#${sub}`, `WATCHER#${id}`) : undefined;
  if (!watcher) throw new Failure(404);
  return watcher;
}

function problem(status, requestId) {
  const [code, title, detail] = FAILURES[status];
  const body = JSON.stringify({ type: `urn:mile-buy-club:problem:${code}`, title, status, detail, requestId });
  const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' };
  return { status, headers: status === 401 ? { ...headers, 'www-authenticate': 'Bearer' } : headers, body };
}

function answer(watcher, ifNoneMatch) {
  const body = JSON.stringify(view(watcher));
  const hash = createHash('sha256').update(body).digest().subarray(0, 12).toString('hex');
  const etag = `"${watcher.revision}-${hash}"`;
  const headers = { etag, 'cache-control': 'private, no-cache' };
  const known = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^(W\/)+/, '')) ?? [];
  if (ifNoneMatch === '*' || known.includes(etag)) return { status: 304, headers, body: '' };
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body };
}

export async function handler({ headers, pathParameters }) {
  const started = Date.now();
  const requestId = `req_${randomUUID()}`;
  let answered;
  let tenant;
  try {
    const claims = await callerOf(headers, started);
    tenant = claims.tid;
    answered = answer(await watcherOf(claims, pathParameters.id), headers['if-none-match']);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    answered = problem(error.status, requestId);
  }
  const millis = Date.now() - started;
  console.log(JSON.stringify({ level: 'INFO', message: 'request', status: answered.status, millis, requestId, tenant }));
  return {
    statusCode: answered.status,
    headers: { ...answered.headers, 'x-request-id': requestId, 'x-content-type-options': 'nosniff' },
    body: answered.body,
    isBase64Encoded: false,
  };
}
