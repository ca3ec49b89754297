-- What query.sql is read under: how definitions are printed. With nothing but PostgreSQL's own names in reach, every other
-- name is printed in full.
SET LOCAL search_path = pg_catalog;
SET LOCAL quote_all_identifiers = off;
SET LOCAL intervalstyle = iso_8601;
SET LOCAL datestyle = 'ISO, MDY';
SET LOCAL timezone = 'UTC';
SET LOCAL bytea_output = hex;
SET LOCAL extra_float_digits = 1;
