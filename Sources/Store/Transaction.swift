/// One reader's or writer's access to the tables, at one moment.
struct Transaction {
  let database: Database
  /// Milliseconds since 1970.
  let now: Int64
}
