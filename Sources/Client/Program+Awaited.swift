internal import Glibc

/// Programs whose end is awaited.
extension Program {
  /// What a program that was awaited has printed.
  package struct Output {
    /// Its exit status; 128 and the number of the signal that ended it.
    package let status: Int32
    package let bytes: [UInt8]
  }

  /// Runs a program that is found in `PATH` and takes what it prints; stdin is empty, stderr is this
  /// program's.
  ///
  /// - Parameters:
  ///   - most: bytes of its output; more end it.
  ///   - takesErrors: whether what it writes to stderr is output too.
  package static func output(
    _ program: String, _ arguments: [String], most: Int, takesErrors: Bool = false
  ) throws(SystemError) -> Output {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw SystemError("pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let process: pid_t
    do throws(SystemError) {
      process = try spawn(
        [program] + arguments, input: "/dev/null", output: ends[1],
        errors: takesErrors ? ends[1] : nil)
    } catch {
      close(ends[1])
      throw error
    }
    close(ends[1])
    var bytes: [UInt8] = []
    do throws(SystemError) {
      while try FileContents.readSome(ends[0], into: &bytes, InputLimit(most)) {}
    } catch {
      kill(process, SIGTERM)
      _ = wait(process)
      throw error
    }
    return Output(status: wait(process), bytes: bytes)
  }

  /// Runs a program at the terminal, such as an editor, and waits for its end; Ctrl-C is the program's
  /// meanwhile.
  ///
  /// - Returns: its exit status.
  package static func run(_ words: [String]) throws(SystemError) -> Int32 {
    let old = [SIGINT, SIGQUIT].map { (number) in
      var ignore = sigaction()
      var old = sigaction()
      unsafe ignore.__sigaction_handler.sa_handler = SIG_IGN
      unsafe sigaction(number, &ignore, &old)
      return (number, old)
    }
    defer {
      for (number, action) in old {
        var action = action
        unsafe sigaction(number, &action, nil)
      }
    }
    return wait(try spawn(words, input: isatty(0) == 1 ? nil : "/dev/tty", output: nil))
  }

  /// - Parameters:
  ///   - input: the file for its stdin, as far as that can be opened; nil for this program's.
  ///   - output: its stdout; nil for this program's.
  ///   - errors: its stderr; nil for this program's.
  private static func spawn(
    _ words: [String], input: String?, output: Int32?, errors: Int32? = nil
  ) throws(SystemError) -> pid_t {
    let stdin = input.map { unsafe open($0, O_RDWR | O_CLOEXEC) } ?? -1
    defer { if stdin >= 0 { close(stdin) } }
    return try unsafe spawn(words[0], words) { actions in
      if stdin >= 0 { unsafe posix_spawn_file_actions_adddup2(&actions, stdin, STDIN_FILENO) }
      if let output { unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) }
      if let errors { unsafe posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO) }
    }
  }

  private static func wait(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { return 127 }
    }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }
}
