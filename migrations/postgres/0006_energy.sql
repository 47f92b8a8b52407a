-- Meters and what they measured. How time and energy are meant: server/src/tools/energy.rs.

-- Meters. `id` is the number people use in formulas; unique within a tenant only.
CREATE TABLE en_device (
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id BIGINT NOT NULL CHECK (id > 0),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The meter above it; NULL for a main meter.
    parent_id BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES en_device (tenant_id, id)
);
SELECT protect_tenant_table('en_device');

-- Departments, places, kinds.
CREATE TABLE en_tag (
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    device_id BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, name, device_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES en_device (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant_table('en_tag');

-- Named formulas over device ids, e.g. "(94+11+27)-(84)".
CREATE TABLE en_aggregation (
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    formula TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
SELECT protect_tenant_table('en_aggregation');

-- Where a device's quantity comes from: amounts per interval, or a register that counts up.
CREATE TABLE en_source (
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    device_id BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('interval', 'counter')),
    PRIMARY KEY (tenant_id, device_id, quantity),
    FOREIGN KEY (tenant_id, device_id) REFERENCES en_device (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant_table('en_source');

-- Times of day: minutes from local midnight; to <= from crosses midnight.
CREATE TABLE en_shift (
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id BIGINT NOT NULL CHECK (id > 0),
    name TEXT NOT NULL,
    from_minute BIGINT NOT NULL CHECK (from_minute BETWEEN 0 AND 1439),
    to_minute BIGINT NOT NULL CHECK (to_minute BETWEEN 0 AND 1440),
    PRIMARY KEY (tenant_id, id)
);
SELECT protect_tenant_table('en_shift');

-- Time-of-use prices: micro-units of the tenant's currency per kWh, valid for local days [valid_from, valid_to).
CREATE TABLE en_rate (
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id BIGINT NOT NULL CHECK (id > 0),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    from_minute BIGINT NOT NULL CHECK (from_minute BETWEEN 0 AND 1439),
    to_minute BIGINT NOT NULL CHECK (to_minute BETWEEN 0 AND 1440),
    price_micro BIGINT NOT NULL CHECK (price_micro >= 0),
    -- Days since 1970-01-01.
    valid_from BIGINT NOT NULL,
    valid_to BIGINT,
    PRIMARY KEY (tenant_id, id)
);
SELECT protect_tenant_table('en_rate');

-- One row per device, quantity and quarter hour [ts, ts + 900), epoch seconds.
CREATE TABLE en_reading15 (
    tenant_id UUID NOT NULL,
    device_id BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    ts BIGINT NOT NULL CHECK (ts % 900 = 0),
    -- As the source gave it: the interval's amount, the register at its end, or the last value of a gauge.
    last DOUBLE PRECISION NOT NULL,
    -- Of a gauge's samples in the interval; absent for energy.
    min DOUBLE PRECISION,
    max DOUBLE PRECISION,
    avg DOUBLE PRECISION,
    -- Samples in the interval; 0: no reading, filled in between two registers.
    n BIGINT NOT NULL CHECK (n >= 0),
    -- Energy used in the interval, micro-kWh; only for active energy.
    used_micro BIGINT,
    PRIMARY KEY (tenant_id, device_id, quantity, ts),
    FOREIGN KEY (tenant_id, device_id) REFERENCES en_device (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant_table('en_reading15');

-- Derived from en_reading15 by tools/energy/daily.rs alone. Shift or rate 0: none applied.
CREATE TABLE en_daily (
    tenant_id UUID NOT NULL,
    device_id BIGINT NOT NULL,
    -- Local day, days since 1970-01-01.
    day BIGINT NOT NULL,
    shift_id BIGINT NOT NULL,
    rate_id BIGINT NOT NULL,
    used_micro BIGINT NOT NULL,
    cost_micro BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, device_id, day, shift_id, rate_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES en_device (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant_table('en_daily');
