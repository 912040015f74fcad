'use strict';
const http = require('node:http');
const { query } = require('./postgres');
const server = http.createServer(async (request, response) => {
  if (request.url === '/healthz') return response.end('well');
  if (request.url === '/variables') return response.end(JSON.stringify(process.env));
  const [count] = await query('SELECT count(*) FROM mails');
  response.end(count);
});
server.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => server.close(() => console.log('closed')));
