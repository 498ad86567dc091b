import Client
import JSON

/// A file that a chat is written to.
struct ChatFile {
  let path: String
  private let isJSON: Bool

  /// - Parameter target: nil where it is the name of a conversation and no file's.
  init?(_ target: String) {
    let suffix = [".json", ".md", ".markdown", ".txt"].first { target.hasSuffix($0) }
    let isPath = ["/", "./", "../", "~/"].contains { target.hasPrefix($0) }
    guard suffix != nil || isPath else { return nil }
    let home = target.hasPrefix("~/") ? Environment.value("HOME") : nil
    path = home.map { $0 + target.dropFirst() } ?? target
    isJSON = suffix == ".json"
  }

  /// Writes a new file; one that is there is left as it is.
  func write(_ items: [RawJSON]) throws(Failure) {
    guard !items.isEmpty else { throw .usage("nothing was said yet") }
    let text =
      isJSON
      ? RawJSON.build { json in json.array { for item in items { $0.value(item) } } }.text + "\n"
      : Transcript.markdown(items)
    do throws(SystemError) {
      try FileContents.create(path, Array(text.utf8))
    } catch {
      throw .usage("\(path) can't be written: \(error.reason)")
    }
  }
}
