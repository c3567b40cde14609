# Makes the database where there is none yet, then runs it. Settings as in PostgreSQL's own image.
set -eu
programs=/usr/lib/postgresql/17/bin
data=/var/lib/postgresql/data
if [ ! -s "$data/PG_VERSION" ]; then
  printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
  "$programs/initdb" -D "$data" -U "$POSTGRES_USER" -E UTF8 --locale=C.UTF-8 \
    -A scram-sha-256 --pwfile=/tmp/password
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
  echo "CREATE DATABASE \"$POSTGRES_DB\";" | "$programs/postgres" --single -D "$data" postgres
fi
exec "$programs/postgres" -D "$data" -c listen_addresses='*'
