-- Meters and what they measured. How time and energy are meant: server/src/tools/energy.rs.

-- Meters. `id` is the number people use in formulas; unique within a tenant only.
CREATE TABLE en_device (
    tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id INTEGER NOT NULL CHECK (id > 0),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The meter above it; NULL for a main meter.
    parent_id INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES en_device (tenant_id, id)
) STRICT;

-- Departments, places, kinds.
CREATE TABLE en_tag (
    tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    device_id INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, kind, name, device_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES en_device (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Named formulas over device ids, e.g. "(94+11+27)-(84)".
CREATE TABLE en_aggregation (
    tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    formula TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT;

-- Where a device's quantity comes from: amounts per interval, or a register that counts up.
CREATE TABLE en_source (
    tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    device_id INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('interval', 'counter')),
    PRIMARY KEY (tenant_id, device_id, quantity),
    FOREIGN KEY (tenant_id, device_id) REFERENCES en_device (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Times of day: minutes from local midnight; to <= from crosses midnight.
CREATE TABLE en_shift (
    tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id INTEGER NOT NULL CHECK (id > 0),
    name TEXT NOT NULL,
    from_minute INTEGER NOT NULL CHECK (from_minute BETWEEN 0 AND 1439),
    to_minute INTEGER NOT NULL CHECK (to_minute BETWEEN 0 AND 1440),
    PRIMARY KEY (tenant_id, id)
) STRICT;

-- Time-of-use prices: micro-units of the tenant's currency per kWh, valid for local days [valid_from, valid_to).
CREATE TABLE en_rate (
    tenant_id BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id INTEGER NOT NULL CHECK (id > 0),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    from_minute INTEGER NOT NULL CHECK (from_minute BETWEEN 0 AND 1439),
    to_minute INTEGER NOT NULL CHECK (to_minute BETWEEN 0 AND 1440),
    price_micro INTEGER NOT NULL CHECK (price_micro >= 0),
    -- Days since 1970-01-01.
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;

-- One row per device, quantity and quarter hour [ts, ts + 900), epoch seconds.
CREATE TABLE en_reading15 (
    tenant_id BLOB NOT NULL,
    device_id INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    ts INTEGER NOT NULL CHECK (ts % 900 = 0),
    -- As the source gave it: the interval's amount, the register at its end, or the last value of a gauge.
    last REAL NOT NULL,
    -- Of a gauge's samples in the interval; absent for energy.
    min REAL,
    max REAL,
    avg REAL,
    -- Samples in the interval; 0: no reading, filled in between two registers.
    n INTEGER NOT NULL CHECK (n >= 0),
    -- Energy used in the interval, micro-kWh; only for active energy.
    used_micro INTEGER,
    PRIMARY KEY (tenant_id, device_id, quantity, ts),
    FOREIGN KEY (tenant_id, device_id) REFERENCES en_device (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Derived from en_reading15 by tools/energy/daily.rs alone. Shift or rate 0: none applied.
CREATE TABLE en_daily (
    tenant_id BLOB NOT NULL,
    device_id INTEGER NOT NULL,
    -- Local day, days since 1970-01-01.
    day INTEGER NOT NULL,
    shift_id INTEGER NOT NULL,
    rate_id INTEGER NOT NULL,
    used_micro INTEGER NOT NULL,
    cost_micro INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, device_id, day, shift_id, rate_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES en_device (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
