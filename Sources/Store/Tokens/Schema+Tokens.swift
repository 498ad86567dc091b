extension Schema {
  static let tokens = """
    -- What programs of a user come with instead of being known by their process. `digest` is the
    -- SHA-256 of the token as it is sent; the token itself is nowhere. `models` and `tools` are
    -- arrays of globs in JSON, `models` NULL for all. `budget` is a day's, in billionths of a dollar.
    CREATE TABLE tokens (
      id INTEGER PRIMARY KEY,
      subject INTEGER NOT NULL,
      name TEXT NOT NULL,
      digest BLOB NOT NULL UNIQUE,
      models TEXT,
      tools TEXT NOT NULL,
      budget INTEGER,
      is_read_only INTEGER NOT NULL,
      view TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      last_used_at INTEGER,
      checksum INTEGER NOT NULL,
      UNIQUE (subject, name)
    ) STRICT;
    """
}
