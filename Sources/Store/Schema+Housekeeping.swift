extension Schema {
  /// What steps of expiry look for, so that none reads a whole table.
  static let housekeeping = """
    -- A subject below zero is nobody: what is deleted belongs to it until it is gone.
    CREATE INDEX conversations_by_age ON conversations (updated_at, id) WHERE subject >= 0;
    CREATE INDEX turns_alone ON turns (id) WHERE conversation IS NULL;
    CREATE INDEX responses_without_turn ON responses (id) WHERE turn IS NULL;
    """
}
