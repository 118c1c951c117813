// The client of the runtime API, as Lambda's managed runtime for Node.js is one: it loads the handler that _HANDLER names from
// LAMBDA_TASK_ROOT, then asks for one event after the other. (AWS's own, aws-lambda-ric, has parts in C++ that must be compiled
// where it is installed. This one does less, so it can only be quicker.)

import { Agent, request } from 'node:http';

const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT, _HANDLER } = process.env;
const [host, port] = AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const ask = (method, path, body) =>
  new Promise((resolve, reject) => {
    const options = { agent, host, port, method, path: `/2018-06-01/runtime/${path}` };
    const asked = request(options, async (answer) => {
      try {
        const chunks = await answer.toArray();
        resolve({ headers: answer.headers, body: Buffer.concat(chunks).toString() });
      } catch (error) {
        reject(error);
      }
    });
    asked.on('error', reject);
    asked.end(body);
  });

const failed = ({ name, message, stack }) =>
  JSON.stringify({ errorType: name, errorMessage: message, stackTrace: stack.split('\n') });

const [file, name] = _HANDLER.split('.');
const { [name]: handler } = await import(`${LAMBDA_TASK_ROOT}/${file}.cjs`);

for (;;) {
  const { headers, body } = await ask('GET', 'invocation/next');
  const id = headers['lambda-runtime-aws-request-id'];
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => headers['lambda-runtime-deadline-ms'] - Date.now() };
  try {
    const answer = await handler(JSON.parse(body), context);
    await ask('POST', `invocation/${id}/response`, JSON.stringify(answer));
  } catch (error) {
    await ask('POST', `invocation/${id}/error`, failed(error));
  }
}
