-- Returns the statement that creates an application's database, or nothing if there is one. PostgreSQL creates
-- databases outside of transactions alone, so not in a block with a condition.
SELECT format('CREATE DATABASE %I OWNER %I', current_setting('plinth.database'), current_setting('plinth.application') || '_owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = current_setting('plinth.database'));
