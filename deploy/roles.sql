-- Three roles for a store on PostgreSQL, each with no more than it needs. Run once as the owner of the database:
--   psql "$DATABASE_URL" -f deploy/roles.sql
-- then give each a password of its own:  ALTER ROLE monitor_worker PASSWORD '…';
--
--   monitor_owner    makes and changes tables: for the first start after an installation or an upgrade
--   monitor_worker   reads and writes rows: for all workers, once the tables are there
--   monitor_reader   reads: for dashboards, and for commands that only show
CREATE ROLE monitor_owner LOGIN;
CREATE ROLE monitor_worker LOGIN;
CREATE ROLE monitor_reader LOGIN;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO monitor_owner;
GRANT USAGE ON SCHEMA public TO monitor_worker, monitor_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE monitor_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO monitor_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE monitor_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO monitor_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE monitor_owner IN SCHEMA public GRANT SELECT ON TABLES TO monitor_reader;
