#!/bin/sh
# The harness's own database, the role that owns it and the role that works in it. PostgreSQL's image runs this when the data is
# new; run it again at any time: what is there already stays, and the passwords become those that are given.
#
# Reads HARNESS_DB_PASSWORD and HARNESS_DB_OWNER_PASSWORD, and HARNESS_DB, HARNESS_DB_USER and HARNESS_DB_OWNER of settings.env;
# connects as psql's own variables say (in the image as POSTGRES_USER).
set -eu

psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username "${PGUSER:-$POSTGRES_USER}" --dbname postgres \
  --set name="$HARNESS_DB" --set worker="$HARNESS_DB_USER" --set owner="$HARNESS_DB_OWNER" <<'SQL'
\getenv worker_password HARNESS_DB_PASSWORD
\getenv owner_password HARNESS_DB_OWNER_PASSWORD
SELECT format('CREATE ROLE %I LOGIN', role)
FROM unnest(ARRAY[:'owner', :'worker']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', role, secret)
FROM (VALUES (:'owner', :'owner_password'), (:'worker', :'worker_password')) AS given (role, secret) \gexec
SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' TEMPLATE template0', :'name', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'name') \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', :'name', :'worker') \gexec
SQL
