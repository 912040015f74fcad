#!/bin/sh
# Makes and keeps a database and roles for each application. What is right already is left alone.
#
# APPLICATIONS are the applications with their databases: "shop=shop my-app=app". CREDENTIALS_DIR has the files
# username and password of the master user, and one with the password of each login: shop_a, shop_b. SQL_DIR has
# the statements. PGHOST and others say where the server is. With REPEAT_SECONDS it goes on for ever, for a
# server that comes back empty, and there is a file READY_FILE once all is made.
set -eu
umask 077

if [ -n "${REPEAT_SECONDS:-}" ]; then
  trap 'exit 0' TERM
  while :; do
    if REPEAT_SECONDS='' /bin/sh "$0"; then : >"$READY_FILE"; else rm -f "$READY_FILE"; fi
    sleep "$REPEAT_SECONDS" &
    wait $!
  done
fi

# Security: passwords are in files and in the environment of psql, which nobody else in the pod can read, never
# in an argument, a statement or a log.
PGUSER=$(cat "$CREDENTIALS_DIR/username")
PGPASSWORD=$(cat "$CREDENTIALS_DIR/password")
export PGUSER PGPASSWORD
export PGAPPNAME=databases PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-10}"

application='' database='' applications=''

# sql runs a file in a database.
#
# Security: an application owns its database, and could put functions there that are called in place of
# PostgreSQL's own, by the master user.
sql() {
  PGDATABASE=$1 PGOPTIONS="-c search_path=pg_catalog,pg_temp -c role=none -c statement_timeout=0 -c plinth.application=$application -c plinth.database=$database -c plinth.applications=$applications" \
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --file "$SQL_DIR/$2"
}

# works reports whether a login can sign in with its password.
works() {
  PGUSER=$1 PGPASSWORD=$2 PGDATABASE=$database psql --no-psqlrc --quiet --command '' >/dev/null 2>&1
}

# keep makes and keeps one application's database and roles. It runs in a shell of its own, which ends at the first
# failure.
keep() {
  sql postgres roles.sql
  create=$(sql postgres create.sql)
  if [ -n "$create" ]; then
    PGDATABASE=postgres psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --command "$create"
    echo "made database $database"
  fi
  sql "$database" database.sql
  for login in "${application}_a" "${application}_b"; do
    password=$(cat "$CREDENTIALS_DIR/$login")
    works "$login" "$password" && continue
    # Security: psql sends what SCRAM needs to check the password, not the password, so no log of the server can
    # contain it. Without a terminal it reads it from the pipe, twice.
    # https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-META-COMMAND-PASSWORD
    printf '%s\n%s\n' "$password" "$password" |
      PGDATABASE=postgres psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --command "\\password \"$login\"" >/dev/null 2>&1 || {
      echo "the password of $login cannot be set" >&2
      exit 1
    }
    works "$login" "$password" || {
      echo "$login cannot sign in to $database with its password" >&2
      exit 1
    }
    echo "set the password of $login"
  done
}

# Security: an application owns its database, and can keep others out of it. That must stop neither the other
# applications' databases nor the end of the logins of those that are gone.
failed=''
for entry in ${APPLICATIONS?}; do
  application=${entry%%=*} database=${entry#*=}
  applications="$applications${applications:+,}$application"
  # Not in a condition: there set -e would not count.
  set +e
  (
    set -e
    keep
  )
  status=$?
  set -e
  if [ "$status" -ne 0 ]; then
    echo "the database of $application is not as it must be: see above" >&2
    failed="$failed $application"
  fi
done
sql postgres removed.sql
[ -z "$failed" ]
