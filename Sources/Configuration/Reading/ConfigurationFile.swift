internal import EventLoop
internal import Glibc

/// Reads a file of the configuration.
enum ConfigurationFile {
  /// A configuration is some kilobytes; a megabyte is something else by that name.
  static let maximumBytes = 1 << 20

  enum Failure: Error {
    case missing
    case denied
    case other(ConfigurationError)
  }

  /// Returns the bytes of a regular file that not everybody may write to: it names programs to run.
  static func read(_ path: String) throws(Failure) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT, ENOTDIR: throw .missing
      case EACCES: throw .denied
      default: throw .other(refusal(path, "a file that can't be opened (\(reason()))"))
      }
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .other(refusal(path, "no regular file"))
    }
    guard status.st_mode & S_IWOTH == 0 else {
      let hint = "a file that only its owner may write to (chmod o-w)"
      throw .other(refusal(path, "a file that everybody may write to", expected: hint))
    }
    guard let bytes = FileBytes.read(descriptor, atMost: maximumBytes + 1) else {
      throw .other(refusal(path, "a file that can't be read (\(reason()))"))
    }
    guard bytes.count <= maximumBytes else {
      throw .other(refusal(path, "more than 1 MiB", expected: "a file of at most 1 MiB"))
    }
    return bytes
  }

  static func refusal(
    _ path: String, _ found: String, expected: String = "a readable TOML file"
  ) -> ConfigurationError {
    ConfigurationError(.file(path, line: 0, column: 0), found: found, expected: expected)
  }

  private static func reason() -> String {
    unsafe String(cString: strerror(errno))
  }

  /// Returns the paths of the drop-ins of a directory, in the order of their names' bytes; none
  /// where there is no such directory.
  static func dropIns(_ directory: String) throws(ConfigurationError) -> [String] {
    guard let stream = unsafe opendir(directory) else {
      if errno == ENOENT || errno == ENOTDIR { return [] }
      throw refusal(
        directory, "a directory that can't be read (\(reason()))", expected: "a readable directory")
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
      }
      if name.hasSuffix(".toml"), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(directory)/\($0)" }
  }
}
