-- Gives a database to its application's owner role, with all that the master user owns in it, and closes it to
-- others. Run in that database, after roles.sql. All of it takes effect, or nothing.
DO $$
DECLARE
  owner text := current_setting('plinth.application') || '_owner';
  master oid := (SELECT oid FROM pg_roles WHERE rolname = session_user);
  has name := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
  found record;
BEGIN
  -- Changing a table's owner waits for its transactions, and all that come later wait for the change. Rather
  -- fail and be tried again.
  PERFORM set_config('lock_timeout', '10s', true);

  IF has <> owner THEN
    IF has <> session_user THEN
      RAISE EXCEPTION 'database % belongs to %, neither to % nor to the master user', current_database(), has, owner
        USING HINT = 'Change its owner, or name another database for the application.';
    END IF;
    EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), owner);
  END IF;

  -- PostgreSQL lets everybody connect to a new database. Roles that somebody has granted this by name still may.
  IF EXISTS (SELECT FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) a
             WHERE datname = current_database() AND a.grantee = 0) THEN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  END IF;

  -- Not REASSIGN OWNED, which also gives away all other databases of the master user.
  -- https://www.postgresql.org/docs/current/sql-reassign-owned.html
  FOR found IN
    SELECT o.type, o.identity
    FROM pg_shdepend d, pg_identify_object(d.classid, d.objid, 0) o
    WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND d.refclassid = 'pg_authid'::regclass AND d.refobjid = master AND d.deptype = 'o'
      -- An extension has no command that changes its owner. Default privileges and user mappings are of a role.
      AND o.type NOT IN ('extension', 'default acl', 'user mapping')
      -- An extension's objects stay with it. A column's sequence follows its table, a multirange its range.
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.objsubid = 0
                        AND (e.deptype = 'e'
                             OR e.deptype IN ('a', 'i') AND o.type = 'sequence' AND e.refobjsubid > 0
                             OR e.deptype = 'i' AND d.classid = 'pg_type'::regclass))
    -- Whoever gets a table must be allowed to create it in its schema.
    ORDER BY o.type <> 'schema', o.type, o.identity
  LOOP
    EXECUTE format('ALTER %s %s OWNER TO %I', CASE found.type WHEN 'statistics object' THEN 'statistics' ELSE found.type END, found.identity, owner);
  END LOOP;

  -- Since PostgreSQL 15, the owner of a database may create in its schema public. This is for older ones.
  IF to_regnamespace('public') IS NOT NULL AND NOT has_schema_privilege(owner, 'public', 'CREATE') THEN
    EXECUTE format('GRANT ALL ON SCHEMA public TO %I', owner);
  END IF;
END $$;
