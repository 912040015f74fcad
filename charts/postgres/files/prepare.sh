#!/bin/sh
# Makes a new database in $PGDATA: server and application as on RDS, where the master user is no
# superuser, and the certificate that the server shows. What is there already is left alone, as when
# a container of the same pod starts again.
#
# DATABASE is the database's name. CREDENTIALS_DIR has the files username and password.
set -eu
umask 077
[ ! -e "$PGDATA" ] || exit 0

# Complete, or not there: renamed once all is done.
new="$PGDATA.new"
rm -rf "$new"

# The first superuser has no password, so nobody can be it. Its name is longer than the settings'
# longest, so nobody is called so either.
superuser=cluster_superuser
initdb --pgdata "$new" --username "$superuser" --encoding UTF8 --auth reject --no-sync --no-instructions >/dev/null

# Security: the only way in is TLS, with the password, which SCRAM never sends. No local socket either.
echo 'hostssl all all all scram-sha-256' >"$new/pg_hba.conf"

# Security: the key is made here and leaves with the pod. Nobody can vouch for the certificate: clients
# must ask for channel binding, by which the server proves to know the password and to have the key.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -sha256 -nodes -days 3650 \
  -subj /CN=postgres -keyout "$new/server.key" -out "$new/server.crt" 2>/dev/null

cat >>"$new/postgresql.conf" <<'settings'
listen_addresses = '*'
unix_socket_directories = ''
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
password_encryption = 'scram-sha-256'
# A container's /dev/shm is small.
dynamic_shared_memory_type = mmap
log_lock_waits = on
log_min_duration_statement = 1000
# What these guard against is a machine that fails, and with it all that is here is gone anyway.
fsync = off
full_page_writes = off
settings

# The server itself reads the password: it is in no argument, no variable and no log.
{
  [ "$DATABASE" = postgres ] || printf 'CREATE DATABASE "%s"\n' "$DATABASE"
  printf "DO \$\$ DECLARE username text := rtrim(pg_read_file('%s/username'), E'\\\\n'); " "$CREDENTIALS_DIR"
  printf "password text := rtrim(pg_read_file('%s/password'), E'\\\\n'); " "$CREDENTIALS_DIR"
  printf "BEGIN EXECUTE format('CREATE ROLE %%I LOGIN CREATEDB CREATEROLE PASSWORD %%L', username, password); "
  printf "EXECUTE format('ALTER DATABASE %%I OWNER TO %%I', '%s', username); END \$\$\n" "$DATABASE"
} | postgres --single -D "$new" -c exit_on_error=on postgres >/dev/null

mv "$new" "$PGDATA"
