/// The tables, and the steps that lead from each earlier version to this one.
///
/// `PRAGMA user_version` says which steps a database has seen; each runs in a transaction of its
/// own. A step that has been released is never changed, a new one is added.
enum Schema {
  /// "HLLY", so that `file` and other programs know whose database this is.
  static let applicationID: Int64 = 0x484C_4C59

  static var version: Int64 { Int64(steps.count) }

  static let steps = [
    responsesAndConversations, cacheUsageAndPrices, toolDefinitions, subjects, tokens, search,
    housekeeping, usageDays, packing,
  ]

  private static let responsesAndConversations = """
    CREATE TABLE conversations (
      id INTEGER PRIMARY KEY,
      uid INTEGER NOT NULL,
      conversation_id TEXT NOT NULL,
      name TEXT,
      metadata BLOB NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      head INTEGER REFERENCES turns (id),
      checksum INTEGER NOT NULL,
      UNIQUE (uid, conversation_id)
    ) STRICT;
    CREATE UNIQUE INDEX conversations_by_name ON conversations (uid, name)
      WHERE name IS NOT NULL;
    CREATE INDEX conversations_by_use ON conversations (uid, updated_at, id);
    CREATE INDEX conversations_by_head ON conversations (head) WHERE head IS NOT NULL;

    -- A turn is what was said between two heads of a conversation: the input and the output of a
    -- response, or items that were added without one. Turns form a tree; a fork shares the path to
    -- its root. `conversation` is where the turn was begun. `search` is 0 while the turn runs,
    -- 1 when its text waits for the index, 2 when it is in the index.
    CREATE TABLE turns (
      id INTEGER PRIMARY KEY,
      uid INTEGER NOT NULL,
      parent INTEGER REFERENCES turns (id),
      conversation INTEGER REFERENCES conversations (id) ON DELETE SET NULL,
      search INTEGER NOT NULL,
      checksum INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX turns_by_parent ON turns (parent) WHERE parent IS NOT NULL;
    CREATE INDEX turns_by_conversation ON turns (conversation) WHERE conversation IS NOT NULL;
    CREATE INDEX turns_to_index ON turns (id) WHERE search = 1;

    CREATE TABLE items (
      id INTEGER PRIMARY KEY,
      uid INTEGER NOT NULL,
      item_id TEXT NOT NULL,
      turn INTEGER NOT NULL REFERENCES turns (id),
      position INTEGER NOT NULL,
      is_output INTEGER NOT NULL,
      type TEXT NOT NULL,
      role TEXT,
      created_at INTEGER NOT NULL,
      json BLOB NOT NULL,
      checksum INTEGER NOT NULL,
      UNIQUE (uid, item_id),
      UNIQUE (turn, position)
    ) STRICT;

    -- Items that were deleted from one conversation while another still shares them.
    CREATE TABLE hidden_items (
      conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
      item INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
      PRIMARY KEY (conversation, item)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX hidden_items_by_item ON hidden_items (item);

    CREATE TABLE responses (
      id INTEGER PRIMARY KEY,
      uid INTEGER NOT NULL,
      response_id TEXT NOT NULL,
      turn INTEGER REFERENCES turns (id),
      status TEXT NOT NULL,
      is_stored INTEGER NOT NULL,
      is_background INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      ended_at INTEGER,
      model TEXT,
      upstream TEXT,
      upstream_id TEXT,
      key_identity TEXT,
      client TEXT,
      previous_response_id TEXT,
      scope TEXT,
      idempotency_key TEXT,
      body_hash BLOB,
      instructions BLOB,
      object BLOB,
      error BLOB,
      checksum INTEGER NOT NULL,
      UNIQUE (uid, response_id)
    ) STRICT;
    CREATE UNIQUE INDEX responses_by_idempotency_key ON responses (uid, idempotency_key)
      WHERE idempotency_key IS NOT NULL;
    CREATE INDEX responses_by_turn ON responses (turn) WHERE turn IS NOT NULL;
    CREATE INDEX responses_running ON responses (id) WHERE ended_at IS NULL;

    CREATE TABLE events (
      id INTEGER PRIMARY KEY,
      response INTEGER NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
      first INTEGER NOT NULL,
      count INTEGER NOT NULL,
      frames BLOB NOT NULL,
      checksum INTEGER NOT NULL,
      UNIQUE (response, first)
    ) STRICT;

    CREATE TABLE scopes (
      uid INTEGER NOT NULL,
      scope TEXT NOT NULL,
      response INTEGER NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
      PRIMARY KEY (uid, scope)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX scopes_by_response ON scopes (response);

    -- What the search index reads of an item.
    CREATE VIEW item_texts AS SELECT id, item_text(json) AS text FROM items;

    -- Deletions whose text may have copies in free pages or the log, and, where one is named, in a
    -- table of the search index.
    CREATE TABLE erasures (
      id INTEGER PRIMARY KEY,
      search_index TEXT
    ) STRICT;
    """
}
