internal import Glibc

/// What a path leads to.
package enum PathKind: Sendable {
  case directory, file, missing

  package init(_ path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      self = .missing
      return
    }
    self = status.st_mode & S_IFMT == S_IFDIR ? .directory : .file
  }
}

/// Finds files below directories, in the order of their names.
package enum FileTree {
  /// More are no context but a mistake, such as `-f /`.
  private static let mostFiles = 10_000

  package static func isGlob(_ text: String) -> Bool {
    text.contains { $0 == "*" || $0 == "?" || $0 == "[" }
  }

  /// All regular files below a directory; names that begin with a dot and links to directories are
  /// passed over.
  package static func files(below directory: String) throws(Failure) -> [String] {
    var found: [String] = []
    var waiting = [directory]
    while let next = waiting.popLast() {
      var directories: [String] = []
      for name in try names(in: next) where !name.hasPrefix(".") {
        let path = next.hasSuffix("/") ? next + name : "\(next)/\(name)"
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { continue }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: directories.append(path)
        case S_IFREG: found.append(path)
        case S_IFLNK: if case .file = PathKind(path) { found.append(path) }
        default: continue
        }
      }
      waiting += directories.reversed()
      guard found.count <= mostFiles else {
        throw Failure(.noInput, "\(directory): more than \(mostFiles) files found below it")
      }
    }
    return found.sorted()
  }

  /// The files that a pattern of glob(7) names; `**` stands for directories, however deep.
  package static func files(matching pattern: String) throws(Failure) -> [String] {
    if pattern.contains("**") { return try deepFiles(matching: pattern) }
    var result = unsafe glob_t()
    defer { unsafe globfree(&result) }
    guard unsafe glob(pattern, GLOB_BRACE | GLOB_TILDE, nil, &result) == 0 else { return [] }
    var paths: [String] = []
    for index in 0..<Int(unsafe result.gl_pathc) {
      guard let path = unsafe result.gl_pathv[index] else { continue }
      paths.append(unsafe String(cString: path))
    }
    return paths.filter { if case .file = PathKind($0) { true } else { false } }
  }

  private static func deepFiles(matching pattern: String) throws(Failure) -> [String] {
    let fixed = pattern.prefix { $0 != "*" && $0 != "?" && $0 != "[" }
    let root = fixed.lastIndex(of: "/").map { String(fixed[...$0]) }
    let start = root ?? "."
    let prefix = root == nil ? "./" : ""
    // Without FNM_PATHNAME a star goes through directories; `**/` may stand for none.
    let whole = prefix + pattern.replacing("**/", with: "*")
    return try files(below: start).filter { unsafe fnmatch(whole, $0, 0) == 0 }
      .map { String($0.dropFirst(prefix.count)) }
  }

  /// The names in a directory, sorted.
  package static func names(in directory: String) throws(Failure) -> [String] {
    guard let stream = unsafe opendir(directory) else {
      throw Failure(.noInput, "\(directory): \(SystemError("opendir").reason)")
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
          unsafe String(cString: $0)
        }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
