/// What the command line sets for all requests.
struct Options: Sendable {
  /// 0 for an answer at once.
  let wordsPerSecond: Double
  /// The length of an answer that has no other reason to have one.
  let words: Int?
  let firstEventDelayMilliseconds: Int
  /// The bearer key that requests have to bring.
  let key: String?
  /// A directory whose files are sent as they are.
  let scripts: String?
  let isQuiet: Bool
}
