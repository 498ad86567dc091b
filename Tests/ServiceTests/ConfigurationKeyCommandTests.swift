import Configuration
import Glibc
import Testing

@Suite struct ConfigurationKeyCommandTests {
  private let scratch: ConfigurationScratch

  init() throws { scratch = try ConfigurationScratch() }

  private func run(
    _ script: String, environment: [String: String] = [:], deadline: Duration = .seconds(30)
  ) throws -> String? {
    let all = scratch.environment.merging(environment) { $1 }
    let keys = APIKeys(
      paths: ConfigurationPaths(mode: .user, environment: all), environment: all,
      commandDeadline: deadline)
    return try keys.resolve(.command(["/bin/sh", "-c", script]))?.secret
  }

  private func contents(_ name: String) -> String? {
    guard let file = unsafe fopen("\(scratch.path)/\(name)", "r") else { return nil }
    defer { unsafe fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe fread(&buffer, 1, buffer.count, file)
    return String(decoding: buffer[..<count], as: UTF8.self)
  }

  @Test func `the first line is the key`() throws {
    #expect(try run("echo sk-1; echo 'url: https://example'") == "sk-1")
    #expect(try run("printf sk-2") == "sk-2")
    #expect(try run("printf 'sk-3\\r\\n'") == "sk-3")
  }

  @Test func `no shell reads the arguments`() throws {
    let keys = APIKeys(
      paths: ConfigurationPaths(mode: .user, environment: [:]), environment: [:])
    #expect(try keys.resolve(.command(["/bin/echo", "$HOME;`id`"]))?.secret == "$HOME;`id`")
  }

  @Test func `a status that is not 0 is an error, whatever was printed`() throws {
    let error = try #require(throws: KeyError.self) { try run("echo sk-secret; exit 3") }
    #expect(error.code == .commandFailed)
    #expect(error.message == "/bin/sh exited with status 3")
    #expect(!"\(error)".contains("secret"))
    let killed = try #require(throws: KeyError.self) { try run("kill -9 $$") }
    #expect(killed.message == "/bin/sh was ended by signal 9")
  }

  @Test func `a program that is not there is an error`() throws {
    let keys = APIKeys(paths: ConfigurationPaths(mode: .user, environment: [:]), environment: [:])
    let error = try #require(throws: KeyError.self) {
      try keys.resolve(.command(["/nonexistent/pass"]))
    }
    #expect(error.code == .commandFailed)
    #expect(error.message.hasPrefix("/nonexistent/pass can't be started: "))
  }

  @Test(arguments: ["true", "echo", "echo sk secret", "printf 'sk\\001'"])
  func `output that is no key is an error`(script: String) throws {
    let error = try #require(throws: KeyError.self) { try run(script) }
    #expect(error.code == .malformed)
    #expect(!"\(error)".contains("secret"))
  }

  @Test func `too much output is an error`() throws {
    let error = try #require(throws: KeyError.self) { try run("yes sk-secret") }
    #expect(error.code == .commandFailed)
    #expect(error.message == "/bin/sh wrote more than 65536 bytes")
  }

  @Test func `a program that does not end is killed with all its group`() throws {
    let script = "sleep 1000 & echo $! $$ > \(scratch.path)/pids; echo sk; wait"
    let error = try #require(throws: KeyError.self) {
      try run(script, deadline: .milliseconds(300))
    }
    #expect(error.code == .commandTimedOut)
    let pids = try #require(contents("pids")).split(whereSeparator: \.isWhitespace).compactMap {
      pid_t($0)
    }
    #expect(pids.count == 2)
    for pid in pids { #expect(isGone(pid)) }
  }

  /// Tells whether a process ended. A child of the killed one may be a zombie until init reaps it.
  private func isGone(_ pid: pid_t) -> Bool {
    for _ in 0..<5000 {
      guard kill(pid, 0) == 0 else { return true }
      guard let file = unsafe fopen("/proc/\(pid)/stat", "r") else { return true }
      defer { unsafe fclose(file) }
      var buffer = [UInt8](repeating: 0, count: 512)
      let count = unsafe fread(&buffer, 1, buffer.count, file)
      if String(decoding: buffer[..<count], as: UTF8.self).contains(") Z ") { return true }
      usleep(1000)
    }
    return false
  }

  @Test func `a program that closes its output has the deadline, too`() throws {
    let error = try #require(throws: KeyError.self) {
      try run("exec >&-; exec sleep 1000", deadline: .milliseconds(300))
    }
    #expect(error.code == .commandTimedOut)
  }

  @Test func `the environment is an allow-list`() throws {
    let file = "\(scratch.path)/env"
    _ = try run(
      "/usr/bin/env > \(file); echo sk",
      environment: ["COMETAPI_KEY": "sk-secret", "LD_PRELOAD_X": "1", "GNUPGHOME": "/g"])
    let variables = try #require(contents("env")).split(separator: "\n").map {
      $0.prefix { $0 != "=" }
    }
    #expect(variables.contains("GNUPGHOME"))
    #expect(variables.contains("HOME"))
    #expect(!variables.contains("COMETAPI_KEY"))
    #expect(!variables.contains("LD_PRELOAD_X"))
    #expect(!variables.contains("CREDENTIALS_DIRECTORY"))
  }

  @Test func `no descriptor is inherited but three, and input is empty`() throws {
    let leaked = unsafe open("/dev/null", O_RDONLY)
    try #require(leaked >= 3)
    defer { close(leaked) }
    #expect(try run("cat; echo sk") == "sk")
    #expect(throws: KeyError.self) { try run("exec ls /proc/self/fd > \(scratch.path)/fds") }
    // The last is the directory that ls reads.
    #expect(contents("fds") == "0\n1\n2\n3\n")
  }

  @Test func `signals are as a program expects them`() throws {
    signal(SIGPIPE, SIG_IGN)
    _ = try run("grep -E '^Sig(Blk|Ign)' /proc/self/status > \(scratch.path)/signals; echo sk")
    let lines = try #require(contents("signals")).split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines {
      let mask = try #require(line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) })
      // glibc ignores 32 and 33, which are its own, in every child.
      #expect(mask & 0x7FFF_FFFF == 0)
    }
  }
}
