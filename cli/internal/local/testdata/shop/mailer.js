'use strict';
const { query } = require('./postgres');
query('INSERT INTO mails DEFAULT VALUES').then(() => console.log('sent', process.env.PORT ?? 'without a port'));
const waiting = setInterval(() => {}, 1000);
process.on('SIGTERM', () => {
  console.log('stopped gracefully');
  clearInterval(waiting);
});
