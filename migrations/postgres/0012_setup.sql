-- Administrators may hide the list of what is left to set up, for their whole tenant.
ALTER TABLE tenants ADD COLUMN setup_dismissed BOOLEAN NOT NULL DEFAULT FALSE;
