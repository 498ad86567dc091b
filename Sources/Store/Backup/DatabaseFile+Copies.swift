internal import Glibc

/// What a crash left of copies that were being made.
extension DatabaseFile {
  static let partialSuffix = ".partial-"
  /// Links of such names lead to copies that are not whole.
  static let notePrefix = "copy-"

  /// Removes them. Only who has the directory may: another's copy is under way.
  func removeAbandonedCopies() {
    for name in names() where name.hasPrefix(Self.notePrefix) {
      let note = "\(directory)/\(name)"
      guard let path = Self.destination(of: note) else { continue }
      let digits = name.dropFirst(Self.notePrefix.count)
      var status = stat()
      // A note says only what the store may have written.
      if path.hasSuffix("\(Self.partialSuffix)\(digits)"), unsafe lstat(path, &status) == 0,
        status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid()
      {
        unsafe unlink(path)
      }
      unsafe unlink(note)
    }
  }

  private func names() -> [String] {
    guard let stream = unsafe opendir(directory) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      names.append(
        unsafe withUnsafeBytes(of: entry.pointee.d_name) { buffer in
          unsafe String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return names
  }

  private static func destination(of link: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let address = buffer.baseAddress else { return 0 }
      return unsafe readlink(link, address.assumingMemoryBound(to: CChar.self), buffer.count)
    }
    return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
  }
}
