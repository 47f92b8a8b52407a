-- PostgreSQL only: SQLite's planner prefers the unique index without being told.
SELECT 1;
