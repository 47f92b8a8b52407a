-- Work across tenants leaves a row here (append-only). See db::SystemTx.
CREATE TABLE system_access (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER system_access_no_update BEFORE UPDATE ON system_access BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER system_access_no_delete BEFORE DELETE ON system_access BEGIN SELECT RAISE(ABORT, 'append-only'); END;
