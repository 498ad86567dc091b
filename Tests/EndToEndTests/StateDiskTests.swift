import Glibc
import JSON
import TestSupport
import Testing

/// Disks that are full, read-only or broken.
@Suite struct StateDiskTests {
  /// A response to a request that fails because of the disk comes in this time.
  private static let patience: Duration = .seconds(1)

  /// Expects a create to be refused for want of a disk, soon, while the daemon answers others.
  private func expectRefused(
    _ stage: DaemonProcess, _ codes: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let client = try stage.connect()
    let begun = ContinuousClock.now
    let answer = try client.say("refused words", #""conversation":"c""#)
    #expect(ContinuousClock.now - begun < Self.patience, sourceLocation: sourceLocation)
    let code = try #require(answer.errorCode, sourceLocation: sourceLocation)
    #expect(codes.contains(code), "\(answer.message.text)", sourceLocation: sourceLocation)
    #expect(answer.errorNumber == -32004, sourceLocation: sourceLocation)
    #expect(answer.errorData?["retryable"]?.boolean == true, sourceLocation: sourceLocation)
    #expect(try client.call(2, "daemon.ping").result != nil, sourceLocation: sourceLocation)
  }

  private func awaitRecovery(_ client: SocketClient) throws {
    try Wait.until("turns to be taken again") {
      try client.say("recovered", answer: "YES", #""conversation":"c""#).status == "completed"
    }
  }

  /// Expects all that was acknowledged and nothing else.
  private func expectKept(
    _ kept: [Answer], _ client: SocketClient, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for answer in kept {
      #expect(
        try client.retrieve(answer.id).stored == answer.stored, sourceLocation: sourceLocation)
    }
    let said = try client.texts(of: "c")
    #expect(said.count.isMultiple(of: 2), sourceLocation: sourceLocation)
    #expect(!said.contains("refused words"), sourceLocation: sourceLocation)
  }

  // MARK: Full

  @Test(.enabled(if: Mount.isAvailable, "only root may mount"))
  func `a full disk is said to be full, and taken into use again when it is not`() throws {
    let simulator = try Simulator()
    let mount = try Mount("size=4m")
    try mount.scratch.write("state/ballast", [UInt8](repeating: 1, count: 2 << 20))
    let daemon = try DaemonProcess(simulator, scratch: mount.scratch)
    let client = try daemon.connect()
    let words = String(repeating: "words and more ", count: 3000)
    var kept: [Answer] = []
    var last = try client.say(words, #""conversation":"c""#)
    while last.error == nil, kept.count < 200 {
      kept.append(last)
      last = try client.say(words, #""conversation":"c""#)
    }
    #expect(last.errorCode == "storage_full", "\(last.message.text)")
    #expect(kept.count > 3)
    try expectKept(kept, client)
    // What stores nothing needs no disk.
    #expect(try client.say("hi", #""store":false"#).status == "completed")
    try expectFullOrTaken(daemon, words)
    unsafe unlink("\(mount.scratch.path)/state/ballast")
    try awaitRecovery(client)
    try daemon.kill()
    let second = try DaemonProcess(simulator, scratch: mount.scratch)
    try expectKept(kept, try second.connect())
    try second.kill()
  }

  /// A turn that no longer fits is refused at once, also while others are.
  private func expectFullOrTaken(_ daemon: DaemonProcess, _ words: String) throws {
    let clients = try (0..<4).map { _ in try daemon.connect() }
    for client in clients { try client.startSaying(1, words, #""conversation":"d""#) }
    for client in clients {
      let answer = try client.answer(1)
      #expect(answer.errorCode == "storage_full", "\(answer.message.text)")
      #expect(try client.call(2, "daemon.ping").result != nil)
    }
  }

  // MARK: Read-only

  @Test(.enabled(if: Mount.isAvailable, "only root may mount"))
  func `a disk that is read-only at the start is waited for`() throws {
    let simulator = try Simulator()
    let mount = try Mount("size=16m")
    let first = try DaemonProcess(simulator, scratch: mount.scratch)
    let kept = try first.connect().say("hello", #""conversation":"c""#)
    _ = try first.stop()
    try mount.remount("ro")
    let daemon = try DaemonProcess(simulator, scratch: mount.scratch)
    try expectRefused(daemon, ["storage"])
    let client = try daemon.connect()
    #expect(try client.say("hi", #""store":false"#).status == "completed")
    try expectReadable(kept, client)
    try mount.remount("rw")
    try awaitRecovery(client)
    try expectKept([kept], client)
    try daemon.kill()
  }

  /// What there is can be read, though nothing can be added or deleted.
  private func expectReadable(_ kept: Answer, _ client: SocketClient) throws {
    try expectKept([kept], client)
    #expect(try client.replay(kept.id).eventTypes.last == "response.completed")
    for (method, params) in [
      ("conversations.retrieve", #"{"conversation":"c"}"#), ("conversations.list", "{}"),
      ("conversations.search", #"{"query":"hello"}"#), ("usage.summary", "{}"),
      ("cache.stats", "{}"), ("responses.input_items.list", #"{"response_id":"\#(kept.id)"}"#),
    ] {
      let answer = try client.call(3, method, params)
      #expect(answer.error == nil, "\(method): \(answer.message.text)")
    }
    let deleted = try client.call(4, "responses.delete", #"{"response_id":"\#(kept.id)"}"#)
    #expect(deleted.errorCode == "storage")
    let unknown = try client.call(5, "responses.retrieve", #"{"response_id":"resp_unknown"}"#)
    #expect(unknown.errorCode == "not_found")
  }

  @Test(.enabled(if: Mount.isAvailable, "only root may mount"))
  func `what a crash left on a disk that is read-only now can be read`() throws {
    let simulator = try Simulator()
    let mount = try Mount("size=16m")
    let first = try DaemonProcess(simulator, scratch: mount.scratch)
    let kept = try first.connect().say("hello", #""conversation":"c""#)
    try first.kill()
    try mount.remount("ro")
    let daemon = try DaemonProcess(simulator, scratch: mount.scratch)
    try expectReadable(kept, try daemon.connect())
    try daemon.kill()
  }

  // MARK: Errors of the disk

  @Test(
    .enabled(if: Tracer.isAvailable, "strace is missing or may not trace"),
    arguments: [
      ("fsync,fdatasync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "EROFS"),
      ("pwrite64", "ENOSPC"), ("pwrite64", "EDQUOT"), ("pwrite64", "EFBIG"),
    ])
  func `an error of the disk acknowledges nothing and is over when the disk is`(
    _ calls: String, _ error: String
  ) throws {
    let stage = try StateStage()
    var kept = [try stage.client.say("hello", #""conversation":"c""#)]
    let tracer = try Tracer(
      stage.daemon, ["-e", "trace=\(calls)", "-e", "inject=\(calls):error=\(error)"])
    let isFull = ["ENOSPC", "EDQUOT", "EFBIG"].contains(error)
    let wanted = [isFull ? "storage_full" : "storage"]
    for _ in 0..<3 { try expectRefused(stage.daemon, wanted) }
    #expect(try stage.client.retrieve(kept[0].id).stored == kept[0].stored)
    _ = try tracer.stop()
    try awaitRecovery(stage.client)
    kept.append(try stage.client.say("after", #""conversation":"c""#))
    try expectKept(kept, stage.client)
    try stage.daemon.kill()
    try expectKept(kept, try stage.restarted().connect())
  }

  /// One sync fails, whichever it is of those of a turn: its begin, the id of its response, its end.
  @Test(
    .enabled(if: Tracer.isAvailable, "strace is missing or may not trace"),
    arguments: 1...6, ["EIO", "ENOSPC"])
  func `what was answered around a sync that failed is on disk, or an error`(
    _ number: Int, _ error: String
  ) throws {
    let stage = try StateStage()
    var kept = [try stage.client.say("hello", #""conversation":"c""#)]
    let tracer = try Tracer(
      stage.daemon,
      ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=\(error):when=\(number)"])
    for text in ["first", "second", "third"] {
      let answer = try stage.client.say(
        text, #""conversation":"c","stream":true,"metadata":{"duplicate_id":"resp_\#(text)"}"#)
      if answer.error == nil {
        #expect(answer.id == "resp_\(text)")
        kept.append(answer)
      } else {
        #expect(answer.errorNumber == -32004, "\(answer.message.text)")
      }
    }
    let trace = try tracer.stop()
    #expect(trace.contains("INJECTED"))
    for answer in kept {
      #expect(try stage.client.retrieve(answer.id).stored == answer.stored)
    }
    try stage.daemon.kill()
    let client = try stage.restarted().connect()
    for answer in kept { #expect(try client.retrieve(answer.id).stored == answer.stored) }
    let said = try client.texts(of: "c")
    for answer in kept { #expect(said.count { $0 == answer.text } == 1) }
  }

  @Test(.enabled(if: Tracer.isAvailable, "strace is missing or may not trace"))
  func `behind a sync that failed the database is opened again before anything is acknowledged`()
    throws
  {
    let stage = try StateStage()
    _ = try stage.client.say("hello", #""conversation":"c""#)
    let tracer = try Tracer(
      stage.daemon,
      ["-e", "trace=fdatasync,openat", "-e", "inject=fdatasync:error=EIO:when=1"])
    try Wait.until("turns to be taken again") {
      try stage.client.say("again", #""conversation":"c""#).status == "completed"
    }
    let lines = try tracer.stop().split(separator: "\n")
    let failed = try #require(lines.firstIndex { $0.contains("INJECTED") })
    let opened = try #require(
      lines[failed...].firstIndex { $0.contains("openat") && $0.contains("halley.db\"") })
    let synced = try #require(lines[opened...].lastIndex { $0.contains("fdatasync") })
    #expect(opened < synced)
  }

  // MARK: Two daemons

  @Test func `a second daemon leaves the state alone until the first has ended`() throws {
    let stage = try StateStage()
    let kept = try stage.client.say("hello", #""conversation":"c""#)
    try stage.client.startSaying(
      5, "go on", #""conversation":"c","stream":true,"metadata":{"words":"60","rate":"100"}"#)
    try stage.client.awaitText(5)
    let scratch = try Scratch()
    unsafe symlink("\(stage.daemon.scratch.path)/state", "\(scratch.path)/state")
    let second = try DaemonProcess(stage.simulator, scratch: scratch)
    let client = try second.connect()
    let refused = try client.say("no", #""conversation":"c""#)
    #expect(refused.errorCode == "storage", "\(refused.message.text)")
    #expect(refused.errorData?["retryable"]?.boolean == true)
    let holder = "process \(stage.daemon.identifier)"
    #expect(refused.message.text.contains(holder), "\(refused.message.text)")
    #expect(refused.message.text.contains(", which serves \(stage.daemon.socketPath)"))
    #expect(try client.say("hi", #""store":false"#).status == "completed")
    let answer = try stage.client.answer(5)
    #expect(answer.status == "completed", "\(answer.message.text)")
    try stage.daemon.kill()
    try Wait.until("the second daemon to take over") {
      try client.retrieve(answer.id).stored == answer.stored
    }
    #expect(try client.retrieve(kept.id).stored == kept.stored)
    #expect(try client.say("yes", #""conversation":"c""#).status == "completed")
    try second.kill()
  }

  @Test(.enabled(if: Tracer.isAvailable, "strace is missing or may not trace"))
  func `a disk that fails while an answer streams ends it with an error, not as completed`() throws
  {
    let stage = try StateStage()
    let kept = [try stage.client.say("hello", #""conversation":"c""#)]
    try stage.client.startSaying(
      5, "refused words",
      #""conversation":"c","stream":true,"metadata":{"words":"60","rate":"100"}"#)
    try stage.client.awaitText(5)
    let tracer = try Tracer(
      stage.daemon,
      ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"])
    let cut = try stage.client.answer(5)
    #expect(cut.errorCode == "storage", "\(cut.message.text)")
    #expect(cut.eventTypes.contains("response.completed") == false)
    _ = try tracer.stop()
    try awaitRecovery(stage.client)
    try expectKept(kept, stage.client)
    let id = try #require(cut.events.first?["response"]?["id"]?.string)
    // It has ended, whatever of it is kept.
    try Wait.until("the end of the response to be on disk") {
      try stage.client.retrieve(id).status != "in_progress"
    }
    #expect(try stage.client.retrieve(id).status == "incomplete")
  }
}

/// A tmpfs of a test's own on the state directory (mount(8)).
final class Mount {
  let scratch: Scratch
  private var path: String { "\(scratch.path)/state" }

  static let isAvailable: Bool = {
    guard geteuid() == 0 else { return false }
    do {
      _ = try Mount("size=1m")
      return true
    } catch {
      return false
    }
  }()

  init(_ options: String) throws {
    scratch = try Scratch()
    let directory = try scratch.makeDirectory("state")
    try Self.mount(["-t", "tmpfs", "-o", "\(options),mode=700", "tmpfs", directory])
  }

  deinit {
    // What still runs in it is killed after this.
    do { _ = try run(["umount", "-l", path]) } catch { Issue.record("umount: \(error)") }
  }

  func remount(_ option: String) throws { try Self.mount(["-o", "remount,\(option)", path]) }

  private static func mount(_ arguments: [String]) throws {
    let end = try run(["mount"] + arguments)
    guard end.status == 0 else { throw SupportError("mount \(arguments): \(end.error)") }
  }
}
