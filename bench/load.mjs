// Sends load with autocannon: a plan in JSON on standard input, a result on output.
//
// Plan: {url, connections, seconds, headers, requests: [{method, path, body}], once,
// rate}. A rate is requests a second, over all connections.
// With `once` each request is sent at most once, over all connections; else they
// are sent in turn, again and again.

import autocannon from "autocannon";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const plan = JSON.parse(Buffer.concat(chunks));

let position = 0;
function next(request) {
  if (plan.once && position >= plan.requests.length) {
    console.error("the plan has too few requests");
    process.exit(1);
  }
  const wanted = plan.requests[position++ % plan.requests.length];
  return { ...request, ...wanted };
}

const statuses = {};
const instance = autocannon({
  url: plan.url,
  connections: plan.connections,
  duration: plan.seconds,
  headers: plan.headers,
  ...(plan.rate ? { overallRate: plan.rate } : {}),
  requests: [{ setupRequest: next }],
});
instance.on("response", (_client, status) => {
  statuses[status] = (statuses[status] ?? 0) + 1;
});
const result = await instance;
const answered = Object.values(statuses).reduce((sum, count) => sum + count, 0);
console.log(
  JSON.stringify({
    per_second: answered / result.duration,
    p50_ms: result.latency.p50,
    p99_ms: result.latency.p99,
    statuses,
    errors: result.errors,
    used: position,
  }),
);
