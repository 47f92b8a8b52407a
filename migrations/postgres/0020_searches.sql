-- Searches on the web that a provider runs: their fee is part of a call's price, and how many there may be, were heard of
-- and were booked is part of the call.
ALTER TABLE model_calls ADD COLUMN price_search BIGINT CHECK (price_search >= 0);
ALTER TABLE model_calls ADD COLUMN search_bound BIGINT NOT NULL DEFAULT 0 CHECK (search_bound >= 0);
ALTER TABLE model_calls ADD COLUMN seen_searches BIGINT CHECK (seen_searches >= 0);
ALTER TABLE model_calls ADD COLUMN searches BIGINT NOT NULL DEFAULT 0 CHECK (searches >= 0);
