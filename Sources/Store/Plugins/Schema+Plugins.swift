extension Schema {
  static let toolDefinitions = """
    -- What a user takes a tool to be: the digest of the name, description and schema that were
    -- approved.
    CREATE TABLE tool_definitions (
      uid INTEGER NOT NULL,
      plugin TEXT NOT NULL,
      tool TEXT NOT NULL,
      digest BLOB NOT NULL,
      approved_at INTEGER NOT NULL,
      checksum INTEGER NOT NULL,
      PRIMARY KEY (uid, plugin, tool)
    ) STRICT, WITHOUT ROWID;
    """
}
