internal import Glibc

/// Becomes another program of the same installation.
package enum Program {
  /// Runs a program in place of this one: the one beside this executable, else the one in `PATH`.
  ///
  /// - Returns: why that did not work.
  package static func replace(with name: String, _ arguments: [String]) -> Failure {
    var number = ENOENT
    for path in [beside(name), name].compactMap(\.self) where number == ENOENT {
      number = execute(path, [name] + arguments)
    }
    return Failure(
      .noDaemon, "\(name) can't be run: \(SystemError("exec", number).reason)",
      advice: "it is looked for beside halley and in PATH")
  }

  /// Calls execvp(3) and returns its `errno`.
  private static func execute(_ path: String, _ words: [String]) -> Int32 {
    var pointers = unsafe words.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    unsafe execvp(path, pointers)
    let number = errno
    for index in unsafe pointers.indices { unsafe free(pointers[index]) }
    return number
  }

  private static func beside(_ name: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { return nil }
    let own = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let slash = own.lastIndex(of: "/") else { return nil }
    return own[...slash] + name
  }
}
