extension Schema {
  /// Sums of `usage`, so that a summary takes as long for many requests as for few.
  static let usageDays = """
    -- The ended requests of a day, a subject, a client, an upstream and a model, kept in the
    -- transaction that ends one. `cost` is over those of known price.
    CREATE TABLE usage_days (
      id INTEGER PRIMARY KEY,
      day INTEGER NOT NULL,
      subject INTEGER NOT NULL,
      client TEXT NOT NULL,
      upstream TEXT NOT NULL,
      model TEXT NOT NULL,
      first_start INTEGER NOT NULL,
      last_start INTEGER NOT NULL,
      requests INTEGER NOT NULL,
      unfinished INTEGER NOT NULL,
      input_tokens INTEGER NOT NULL,
      cached_tokens INTEGER NOT NULL,
      output_tokens INTEGER NOT NULL,
      reasoning_tokens INTEGER NOT NULL,
      cost INTEGER NOT NULL,
      unpriced INTEGER NOT NULL,
      estimated INTEGER NOT NULL,
      upper_bounds INTEGER NOT NULL,
      hits INTEGER NOT NULL,
      joined INTEGER NOT NULL,
      UNIQUE (day, subject, client, upstream, model)
    ) STRICT;

    -- How many of them took about so long: `bin` is a time's number of digits and the first two. `kind`
    -- is 0 up to the first event, 1 for all.
    CREATE TABLE usage_times (
      day INTEGER NOT NULL REFERENCES usage_days (id) ON DELETE CASCADE,
      kind INTEGER NOT NULL,
      bin INTEGER NOT NULL,
      count INTEGER NOT NULL,
      PRIMARY KEY (day, kind, bin)
    ) STRICT, WITHOUT ROWID;

    DROP INDEX usage_by_day;
    CREATE INDEX usage_by_sum ON usage (day, subject, client, upstream, model);

    INSERT INTO usage_days (\(UsageSums.columns))
      SELECT day, subject, client, upstream, model, min(started_at), max(started_at), count(*),
        sum(status <> 'completed'), CAST(total(input_tokens) AS INTEGER),
        CAST(total(cached_tokens) AS INTEGER), CAST(total(output_tokens) AS INTEGER),
        CAST(total(reasoning_tokens) AS INTEGER), CAST(total(cost) AS INTEGER), sum(cost IS NULL),
        sum(is_estimated), sum(is_upper_bound), sum(cache = 'hit'), sum(cache = 'joined')
      FROM usage WHERE ended_at IS NOT NULL GROUP BY day, subject, client, upstream, model;
    \(fillTimes(0, "first_event"))
    \(fillTimes(1, "total"))
    """

  private static func fillTimes(_ kind: Int, _ column: String) -> String {
    """
    INSERT INTO usage_times (day, kind, bin, count)
      SELECT usage_days.id, \(kind), \(UsageSums.bin(of: column)) AS bin, count(*)
      FROM usage JOIN usage_days USING (day, subject, client, upstream, model)
      WHERE ended_at IS NOT NULL AND cache = 'miss' AND \(column) IS NOT NULL
      GROUP BY usage_days.id, bin;
    """
  }
}
