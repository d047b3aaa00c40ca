#!/bin/sh
# The two databases of the Temporal server, with their tables, as this version of temporal-sql-tool has them inside. Run it again
# at any time: what is there already stays, and an older schema is brought up to date.
#
# Reads SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD, and DB, DBNAME and VISIBILITY_DBNAME of settings.env.
set -eu

sql() {
  "${TEMPORAL_SQL_TOOL_PATH:-temporal-sql-tool}" --plugin "$DB" "$@"
}

for kind in temporal visibility; do
  database=$DBNAME
  if [ "$kind" = visibility ]; then database=$VISIBILITY_DBNAME; fi
  sql --database "$database" create-database --defaultdb postgres
  sql --database "$database" setup-schema --version 0.0
  sql --database "$database" update-schema --schema-name "postgresql/v12/$kind"
done
