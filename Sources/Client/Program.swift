internal import Glibc

/// Becomes another program of the same installation, or starts one.
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

  /// Starts a program that is found as execvp(3) finds it, and leaves it to itself: no input, no
  /// output, not stopped with this one.
  ///
  /// - Returns: its process id; nil where it could not be started.
  static func start(_ program: String, _ words: [String]) -> pid_t? {
    do throws(SystemError) {
      return try unsafe spawn(program, words, isApart: true) { actions in
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
          unsafe posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
      }
    } catch {
      return nil
    }
  }

  /// Starts a program that is found as execvp(3) finds it, with signals as they are by default.
  ///
  /// - Parameters:
  ///   - isApart: whether it is in a process group of its own, so that no key stops it with this one.
  ///   - redirect: says what becomes of its descriptors.
  /// - Returns: its process id.
  static func spawn(
    _ program: String, _ words: [String], isApart: Bool = false,
    _ redirect: (inout posix_spawn_file_actions_t) -> Void
  ) throws(SystemError) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    var pointers = unsafe words.map { unsafe strdup($0) }
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
      for index in unsafe pointers.indices { unsafe free(pointers[index]) }
    }
    unsafe pointers.append(nil)
    unsafe redirect(&actions)
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGDEF | (isApart ? POSIX_SPAWN_SETPGROUP : 0)
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    var process: pid_t = 0
    let status = unsafe posix_spawnp(
      &process, program, &actions, &attributes, pointers, environ)
    guard status == 0 else { throw SystemError("spawn", status) }
    return process
  }

  /// What is installed for this program beside its `bin`.
  package static var share: String? {
    guard let own = beside("") else { return nil }
    let directory = own.dropLast()
    return directory.lastIndex(of: "/").map { String(directory[...$0]) + "share/halley" }
  }

  /// Runs a program of the same installation, else one of `PATH`, and takes all that it says; nil where
  /// there is none.
  package static func check(_ name: String, _ arguments: [String]) -> Output? {
    for path in [beside(name), name].compactMap(\.self) {
      do throws(SystemError) {
        return try output(path, arguments, most: 1 << 20, takesErrors: true)
      } catch {
        continue
      }
    }
    return nil
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
