-- Makes the roles of one application: an owner, who cannot sign in, and two logins that take turns. What the
-- logins create belongs to the owner, so that it does not matter which of the two created it.
--
-- Run in any database, by the master user: it may create roles and databases and is no superuser, as on RDS.
-- plinth.application is the application's name. Nothing is changed that is right already.
DO $$
DECLARE
  application text := current_setting('plinth.application');
  owner text := application || '_owner';
  name text;
  found record;
  note text;
BEGIN
  FOREACH name IN ARRAY ARRAY[owner, application || '_a', application || '_b'] LOOP
    IF name = session_user THEN
      RAISE EXCEPTION 'role % of application % is the master user', name, application
        USING HINT = 'Rename the application.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    END IF;
    SELECT oid, * INTO found FROM pg_roles WHERE rolname = name;
    -- Security: a role that is there already is adopted, but not with more rights than a new one has.
    IF found.rolsuper OR found.rolreplication OR found.rolbypassrls THEN
      RAISE EXCEPTION 'role % is a superuser, replicates or bypasses row security', name
        USING HINT = 'Take that from it, or rename it.';
    END IF;
    IF found.rolcreatedb OR found.rolcreaterole OR NOT found.rolinherit THEN
      EXECUTE format('ALTER ROLE %I NOCREATEDB NOCREATEROLE INHERIT', name);
    END IF;
    -- The last step finds the logins of applications that are gone by this.
    note := CASE WHEN name = owner THEN 'Plinth: owns the data of ' ELSE 'Plinth: login of ' END || application;
    IF shobj_description(found.oid, 'pg_authid') IS DISTINCT FROM note THEN
      EXECUTE format('COMMENT ON ROLE %I IS %L', name, note);
    END IF;
    IF found.rolcanlogin <> (name <> owner) THEN
      EXECUTE format('ALTER ROLE %I %s', name, CASE WHEN name = owner THEN 'NOLOGIN' ELSE 'LOGIN' END);
    END IF;
  END LOOP;

  -- The master user acts for the owner: only so can it give the owner a database, and an application that still
  -- signs in as the master user goes on. Since PostgreSQL 16, whoever creates a role may grant it, no more.
  -- https://www.postgresql.org/docs/current/role-attributes.html
  IF current_setting('server_version_num')::int >= 160000 THEN
    IF NOT (pg_has_role(session_user, owner, 'USAGE') AND pg_has_role(session_user, owner, 'SET')) THEN
      EXECUTE format('GRANT %I TO %I WITH INHERIT TRUE, SET TRUE', owner, session_user);
    END IF;
  ELSIF NOT pg_has_role(session_user, owner, 'USAGE') THEN
    EXECUTE format('GRANT %I TO %I', owner, session_user);
  END IF;

  FOREACH name IN ARRAY ARRAY[application || '_a', application || '_b'] LOOP
    IF NOT pg_has_role(name, owner, 'USAGE') THEN
      EXECUTE format('GRANT %I TO %I', owner, name);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_db_role_setting
                   WHERE setdatabase = 0 AND setrole = (SELECT oid FROM pg_roles WHERE rolname = name)
                     AND ('role=' || owner) = ANY (setconfig)) THEN
      EXECUTE format('ALTER ROLE %I SET role TO %L', name, owner);
    END IF;
  END LOOP;
END $$;
