'use strict';
const { query } = require('./postgres');
query('SELECT count(*) FROM mails').then(([count]) => console.log('mails:', count, process.argv[2]));
