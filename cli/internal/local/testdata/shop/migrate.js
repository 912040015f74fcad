'use strict';
const { query } = require('./postgres');
query('CREATE TABLE IF NOT EXISTS mails (id serial)').then(() => console.log('migrated'));
