#!/bin/sh
# The harness's own database and its owner, who cannot read Temporal's. PostgreSQL's image runs it when the data is new; run it
# again at any time: what is there already stays, and the password becomes the one that is given.
#
# Reads HARNESS_DB_PASSWORD, HARNESS_DB and HARNESS_DB_USER, and connects as psql's own variables say (POSTGRES_USER in the image).
set -eu

psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username "${PGUSER:-$POSTGRES_USER}" --dbname postgres \
  --set name="$HARNESS_DB" --set owner="$HARNESS_DB_USER" <<'SQL'
\getenv password HARNESS_DB_PASSWORD
SELECT format('CREATE ROLE %I LOGIN', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner') \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', :'owner', :'password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'name') \gexec
SQL
