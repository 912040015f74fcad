-- Lets nobody sign in for applications that are gone. Their databases stay. Run in any database;
-- plinth.applications are the names of all applications, with commas between.
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN
    SELECT r.rolname FROM pg_roles r
    WHERE r.rolcanlogin AND shobj_description(r.oid, 'pg_authid') LIKE 'Plinth: login of %'
      AND substr(shobj_description(r.oid, 'pg_authid'), length('Plinth: login of ') + 1)
          <> ALL (string_to_array(current_setting('plinth.applications'), ','))
  LOOP
    EXECUTE format('ALTER ROLE %I NOLOGIN', name);
  END LOOP;
END $$;
