#!/bin/sh
# Makes the two logins and the database; run by PostgreSQL's image at its first start.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
  --set admin="$ADMIN_PASSWORD" --set app="$APP_PASSWORD" <<'SQL'
CREATE ROLE booking_admin LOGIN CREATEROLE PASSWORD :'admin';
CREATE ROLE booking_app LOGIN NOINHERIT PASSWORD :'app';
CREATE DATABASE booking;
REVOKE ALL ON DATABASE booking FROM PUBLIC;
GRANT CONNECT, CREATE ON DATABASE booking TO booking_admin;
GRANT CONNECT ON DATABASE booking TO booking_app;
SQL
