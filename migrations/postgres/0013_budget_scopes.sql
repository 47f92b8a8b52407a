-- Budgets may also limit a group, a profile, a key.
ALTER TABLE budgets DROP CONSTRAINT budgets_scope_kind_check;
ALTER TABLE budgets ADD CONSTRAINT budgets_scope_kind_check
    CHECK (scope_kind IN ('tenant', 'user', 'group', 'profile', 'key'));
