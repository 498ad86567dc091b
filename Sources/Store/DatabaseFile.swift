internal import Glibc

/// The files of the database: who may read them, and moving them away.
struct DatabaseFile {
  let directory: String
  let path: String

  /// SQLite gives the write-ahead log and its index the mode of the database, so that only these
  /// two need care.
  func prepare() throws(StoreError) {
    try makeDirectory()
    try makeFile()
  }

  private func makeDirectory() throws(StoreError) {
    if Self.make(directory) { return }
    guard errno == EEXIST else { throw failure("make \(directory)") }
    var status = stat()
    guard unsafe stat(directory, &status) == 0 else { throw failure("look at \(directory)") }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw refusal("\(directory) is not a directory")
    }
    try check(status, directory, mode: 0o700)
  }

  /// Makes a directory and those above it that are missing, as the XDG Base Directory Specification
  /// asks: a new user has no ~/.local/state.
  ///
  /// - Returns: whether it is new; `errno` says why not.
  private static func make(_ directory: String) -> Bool {
    if unsafe mkdir(directory, 0o700) == 0 { return true }
    guard errno == ENOENT, let end = directory.lastIndex(of: "/"), end > directory.startIndex,
      make(String(directory[..<end])) || errno == EEXIST
    else { return false }
    return unsafe mkdir(directory, 0o700) == 0
  }

  private func makeFile() throws(StoreError) {
    try check(O_RDWR | O_CREAT)
  }

  /// Refuses a database that is not there or may be another's.
  func check() throws(StoreError) {
    try check(O_RDONLY)
  }

  private func check(_ flags: Int32) throws(StoreError) {
    let descriptor = unsafe open(path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { throw failure("open \(path)") }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw failure("look at \(path)") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw refusal("\(path) is not a plain file") }
    try check(status, path, mode: 0o600)
  }

  private func check(_ status: stat, _ path: String, mode: mode_t) throws(StoreError) {
    guard status.st_uid == geteuid() else {
      throw refusal("\(path) belongs to uid \(status.st_uid), expected \(geteuid())")
    }
    guard status.st_mode & 0o077 == 0 else {
      let found = String(status.st_mode & 0o777, radix: 8)
      let wanted = String(mode, radix: 8)
      throw refusal("\(path) has mode 0\(found), expected 0\(wanted): chmod \(wanted) \(path)")
    }
  }

  var size: Int {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  var logPath: String { "\(path)-wal" }

  var logSize: Int {
    var status = stat()
    return unsafe stat(logPath, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Renames the database, its log and its index, and returns the new name.
  func setAside(at milliseconds: Int64) throws(StoreError) -> String {
    let name = try unusedName(at: milliseconds)
    for suffix in ["-wal", "-shm", ""] where unsafe access("\(path)\(suffix)", F_OK) == 0 {
      guard unsafe rename("\(path)\(suffix)", "\(name)\(suffix)") == 0 else {
        throw failure("set \(path)\(suffix) aside as \(name)\(suffix)")
      }
    }
    return name
  }

  private func unusedName(at milliseconds: Int64) throws(StoreError) -> String {
    let stamp = Self.timestamp(milliseconds)
    for attempt in 0..<1000 {
      let name = "\(path).damaged-\(stamp)\(attempt == 0 ? "" : ".\(attempt)")"
      if unsafe access(name, F_OK) != 0 { return name }
    }
    throw StoreError(
      .failed, "set \(path) aside", "a thousand databases were set aside in this second")
  }

  /// The time as in `20260131T235959Z` (ISO 8601, basic format).
  static func timestamp(_ milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds / 1000)
    var parts = unsafe tm()
    unsafe gmtime_r(&seconds, &parts)
    func padded(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let date = unsafe "\(parts.tm_year + 1900)\(padded(parts.tm_mon + 1))\(padded(parts.tm_mday))"
    let time = unsafe "\(padded(parts.tm_hour))\(padded(parts.tm_min))\(padded(parts.tm_sec))"
    return "\(date)T\(time)Z"
  }

  // MARK: Errors

  private func refusal(_ message: String) -> StoreError {
    StoreError(.permission, "open the store", message)
  }

  private func failure(_ operation: String) -> StoreError {
    let error = errno
    return StoreError(
      StoreError.Code(system: error), operation, unsafe String(cString: strerror(error)),
      systemError: error)
  }
}
