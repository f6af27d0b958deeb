// Sends signed webhook events as fast as they are answered, or at a rate, each on a connection of
// its own, as a proxy does. Arguments: port, path, token, events (0: the handshake), clients,
// events a second (0: as fast as they are answered). Prints JSON: seconds, p50 and p99 in ms, how
// many answers of which status.
import { createHmac, randomUUID } from "node:crypto";
import { connect } from "node:net";

const [port, path, token, count, clients, rate] = process.argv.slice(2).map((it, i) =>
    i === 1 || i === 2 ? it : Number(it));

function request(body) {
    const signature = createHmac("sha256", token).update(body).digest("hex");
    return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
        `X-Notion-Signature: sha256=${signature}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
function event() {
    return JSON.stringify({
        id: randomUUID(), timestamp: new Date().toISOString(), type: "page.properties_updated",
        workspace_id: randomUUID(), subscription_id: randomUUID(), integration_id: randomUUID(),
        authors: [{ id: randomUUID(), type: "person" }], accessible_by: [], attempt_number: 1,
        entity: { id: randomUUID(), type: "page" },
        data: { parent: { id: randomUUID(), type: "database", data_source_id: randomUUID() },
            updated_properties: ["abcd"] },
    });
}
function send(text) {
    return new Promise((resolve, reject) => {
        let answer = "";
        const socket = connect({ port, host: "127.0.0.1", noDelay: true },
            () => socket.write(text));
        socket.on("data", chunk => (answer += chunk));
        socket.on("error", reject);
        socket.on("close", () => resolve(answer.split(" ")[1]));
    });
}

if (count === 0) {
    const status = await send(request(JSON.stringify({ verification_token: token })));
    if (status !== "200") throw new Error(`handshake: ${status}`);
    process.exit();
}
const requests = Array.from({ length: count }, () => request(event()));
const delays = [];
const statuses = {};
let next = 0;
const start = performance.now();
await Promise.all(Array.from({ length: clients }, async () => {
    for (let i = next++; i < count; i = next++) {
        const due = rate ? start + (i * 1000) / rate : performance.now();
        const early = due - performance.now();
        if (early > 0) await new Promise(resolve => setTimeout(resolve, early));
        const status = await send(requests[i]);
        delays.push(performance.now() - due);
        statuses[status] = (statuses[status] ?? 0) + 1;
    }
}));
const seconds = (performance.now() - start) / 1000;
delays.sort((a, b) => a - b);
const at = share => Number(delays[Math.floor((delays.length - 1) * share)].toFixed(1));
console.log(JSON.stringify({ seconds: Number(seconds.toFixed(2)), p50: at(0.5), p99: at(0.99),
    statuses }));
