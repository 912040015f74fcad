'use strict';
const { query } = require('./postgres');
query('SELECT count(*) FROM mails').then(async ([count]) => {
  const [owner] = await query("SELECT tableowner FROM pg_tables WHERE tablename = 'mails'");
  console.log('mails:', count, 'of', owner, process.argv[2]);
});
