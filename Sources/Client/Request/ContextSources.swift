internal import Glibc

/// What `-f` names: files, directories with all that is below them, globs and URLs.
package struct ContextSources {
  /// Bytes of all that is named.
  private static let most = 16 << 20

  package private(set) var files: [ContextFile] = []
  private let limit: InputLimit
  private var bytes = 0

  package init(_ limit: InputLimit) {
    self.limit = limit
  }

  /// Reads what one argument names.
  ///
  /// - Throws: status 66 where it is missing, can't be read, or makes all of them too long.
  package mutating func take(_ argument: String) throws(Failure) {
    if argument.hasPrefix("https://") || argument.hasPrefix("http://") {
      return try add(WebPage.text(argument, most: Self.most), named: argument)
    }
    switch PathKind(argument) {
    case .directory: try takeAll(FileTree.files(below: argument), of: argument)
    case .missing where FileTree.isGlob(argument):
      try takeAll(FileTree.files(matching: argument), of: argument)
    default: try add(FileContents.readText(argument, limit), named: argument)
    }
  }

  /// Of many files those that are no text are left out: nobody has named them.
  private mutating func takeAll(_ paths: [String], of argument: String) throws(Failure) {
    guard !paths.isEmpty else {
      throw Failure(.noInput, "\(argument): no file found, some were expected")
    }
    let before = files.count
    for path in paths {
      let contents = try FileContents.readInput(path, limit)
      guard !contents.contains(0), let text = String(validating: contents, as: UTF8.self) else {
        continue
      }
      try add(text, named: path)
    }
    guard files.count > before else {
      throw Failure(.noInput, "\(argument): no text found in \(paths.count) files")
    }
  }

  private mutating func add(_ text: String, named name: String) throws(Failure) {
    bytes += text.utf8.count
    guard bytes <= Self.most else {
      throw Failure(
        .noInput, "\(name): with it -f names more than 16 MiB, as many at most were expected",
        advice: "name less at once, such as one directory or -f 'src/*.c'")
    }
    files.append(ContextFile(name: name, contents: text))
  }
}
