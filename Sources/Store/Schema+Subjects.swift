extension Schema {
  /// Only names and small tables change, so that the step takes as long for many rows as for few.
  static let subjects = """
    -- Whose rows are whose. Users of this system have their own numbers and no row here; others get
    -- numbers from 2^32 on, which are not used twice.
    CREATE TABLE subjects (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE
    ) STRICT;

    ALTER TABLE conversations RENAME COLUMN uid TO subject;
    ALTER TABLE turns RENAME COLUMN uid TO subject;
    ALTER TABLE items RENAME COLUMN uid TO subject;
    ALTER TABLE responses RENAME COLUMN uid TO subject;
    ALTER TABLE cache_entries RENAME COLUMN uid TO subject;
    ALTER TABLE usage RENAME COLUMN uid TO subject;
    ALTER TABLE tool_definitions RENAME COLUMN uid TO subject;

    -- The token that made a row; NULL for none. Responses and items have that of their turn.
    ALTER TABLE conversations ADD COLUMN token TEXT;
    ALTER TABLE turns ADD COLUMN token TEXT;

    -- Each token has scopes of its own; those without one have an empty text.
    CREATE TABLE scopes_by_token (
      subject INTEGER NOT NULL,
      token TEXT NOT NULL,
      scope TEXT NOT NULL,
      response INTEGER NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
      PRIMARY KEY (subject, token, scope)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO scopes_by_token SELECT uid, '', scope, response FROM scopes;
    DROP TABLE scopes;
    ALTER TABLE scopes_by_token RENAME TO scopes;
    CREATE INDEX scopes_by_response ON scopes (response);
    """
}
