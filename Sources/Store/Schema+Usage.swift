extension Schema {
  static let cacheUsageAndPrices = """
    -- An answer to a key is the stored response of that row; there is no text here. `size` is that
    -- of the response's object when the entry was made: one that was changed since is no answer.
    CREATE TABLE cache_entries (
      id INTEGER PRIMARY KEY,
      uid INTEGER NOT NULL,
      key BLOB NOT NULL,
      response INTEGER NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
      size INTEGER NOT NULL,
      cached_at INTEGER NOT NULL,
      used_at INTEGER NOT NULL,
      parts BLOB NOT NULL,
      checksum INTEGER NOT NULL,
      UNIQUE (uid, key)
    ) STRICT;
    CREATE INDEX cache_entries_by_response ON cache_entries (response);
    CREATE INDEX cache_entries_by_use ON cache_entries (used_at, id, size);
    CREATE INDEX cache_entries_by_age ON cache_entries (cached_at);

    -- One row for each request, kept when its response is deleted. `ended_at` is NULL while it runs;
    -- until then tokens and cost are those of the estimated input. `day` is the local calendar's, as
    -- in 20260131. Money is in billionths of a dollar, prices are for a million tokens, times are in
    -- microseconds.
    CREATE TABLE usage (
      id INTEGER PRIMARY KEY,
      uid INTEGER NOT NULL,
      client TEXT NOT NULL,
      client_pid INTEGER,
      conversation TEXT,
      response INTEGER REFERENCES responses (id) ON DELETE SET NULL,
      upstream TEXT NOT NULL,
      model TEXT NOT NULL,
      cache TEXT NOT NULL,
      status TEXT,
      day INTEGER NOT NULL,
      started_at INTEGER NOT NULL,
      ended_at INTEGER,
      attempts INTEGER NOT NULL,
      tool_calls INTEGER NOT NULL,
      input_tokens INTEGER NOT NULL,
      cached_tokens INTEGER NOT NULL,
      output_tokens INTEGER NOT NULL,
      reasoning_tokens INTEGER NOT NULL,
      queue INTEGER,
      connect INTEGER,
      first_event INTEGER,
      total INTEGER,
      cost INTEGER,
      output_price INTEGER,
      is_estimated INTEGER NOT NULL,
      is_upper_bound INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX usage_by_start ON usage (started_at);
    CREATE INDEX usage_by_day ON usage (day);
    CREATE INDEX usage_by_response ON usage (response) WHERE response IS NOT NULL;
    CREATE INDEX usage_running ON usage (id) WHERE ended_at IS NULL;

    -- What upstreams publish, each list with when it was read.
    CREATE TABLE price_lists (
      upstream TEXT PRIMARY KEY,
      read_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE prices (
      upstream TEXT NOT NULL REFERENCES price_lists (upstream) ON DELETE CASCADE,
      model TEXT NOT NULL,
      input INTEGER NOT NULL,
      cached_input INTEGER,
      output INTEGER NOT NULL,
      PRIMARY KEY (upstream, model)
    ) STRICT, WITHOUT ROWID;
    """
}
