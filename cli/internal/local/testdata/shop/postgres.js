// As much of a client of PostgreSQL as the test needs: one query over TLS, with SCRAM-SHA-256.
// https://www.postgresql.org/docs/17/protocol-flow.html
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');

const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
const message = (type, body) => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
};
const word = (n) => { const b = Buffer.alloc(4); b.writeInt32BE(n); return b; };

// connect returns a connection that has verified the server.
function connect(url) {
  return new Promise((resolve, reject) => {
    const plain = net.connect(Number(url.port), url.hostname, () => plain.write(Buffer.concat([word(8), word(80877103)])));
    plain.on('error', reject);
    plain.once('data', (answer) => {
      if (answer.toString() !== 'S') return reject(new Error('no TLS'));
      const ca = fs.readFileSync(url.searchParams.get('sslrootcert'));
      const socket = tls.connect({ socket: plain, ca, servername: url.hostname }, () => resolve(socket));
      socket.on('error', reject);
    });
  });
}

// query runs a statement and returns the first column of its rows.
exports.query = async (statement) => {
  const url = new URL(process.env.DATABASE_URL);
  if (url.searchParams.get('sslmode') !== 'verify-full') throw new Error('the server is not verified');
  const socket = await connect(url);
  const rows = [];
  const nonce = crypto.randomBytes(12).toString('base64');
  const first = `n=,r=${nonce}`;
  let asked = false;
  // handle takes one of the server's messages, and reports whether it was the last one.
  const handle = (type, body) => {
    switch (type) {
      case 'E':
        throw new Error(body.toString().replaceAll('\0', ' '));
      case 'D':
        rows.push(body.subarray(6, 6 + body.readInt32BE(2)).toString());
        break;
      case 'Z':
        if (asked) return true;
        asked = true;
        socket.write(message('Q', statement + '\0'));
        break;
      case 'R': {
        const text = body.subarray(4).toString();
        if (body.readInt32BE(0) === 10) {
          const hello = Buffer.from('n,,' + first);
          socket.write(message('p', Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), word(hello.length), hello])));
        } else if (body.readInt32BE(0) === 11) {
          const { r, s, i } = Object.fromEntries(text.split(',').map((p) => [p[0], p.slice(2)]));
          const salted = crypto.pbkdf2Sync(url.password, Buffer.from(s, 'base64'), Number(i), 32, 'sha256');
          const key = hmac(salted, 'Client Key');
          const last = `c=biws,r=${r}`;
          const proof = hmac(crypto.createHash('sha256').update(key).digest(), `${first},${text},${last}`);
          socket.write(message('p', `${last},p=${Buffer.from(key.map((b, n) => b ^ proof[n])).toString('base64')}`));
        }
      }
    }
    return false;
  };
  const parameters = Buffer.from(`user\0${url.username}\0database\0${url.pathname.slice(1)}\0\0`);
  socket.write(Buffer.concat([word(parameters.length + 8), word(196608), parameters]));
  let left = Buffer.alloc(0);
  try {
    for await (const part of socket) {
      left = Buffer.concat([left, part]);
      while (left.length >= 5 && left.length >= 1 + left.readInt32BE(1)) {
        const end = 1 + left.readInt32BE(1);
        if (handle(String.fromCharCode(left[0]), left.subarray(5, end))) return rows;
        left = left.subarray(end);
      }
    }
    throw new Error('PostgreSQL closed the connection');
  } finally {
    socket.destroy();
  }
};
