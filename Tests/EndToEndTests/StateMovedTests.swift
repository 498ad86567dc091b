import Glibc
import JSON
import TestSupport
import Testing

/// Files that somebody takes away from under the running daemon.
@Suite struct StateMovedTests {
  /// What happens to the state, as a shell says it in the directory above.
  private static let losses = [
    "rm state/halley.db", "rm state/halley.db*", "rm -r state", "mv state elsewhere",
    "cp state/halley.db new; mv new state/halley.db",
    "mkdir -m 700 old; cp state/* old; rm -r state; mv old state", "rm state/halley.db-wal",
    "cp state/halley.db-wal new; mv new state/halley.db-wal",
  ]

  @Test(arguments: losses)
  func `what is acknowledged after the state was lost is there after a restart`(
    _ loss: String
  ) throws {
    let stage = try StateStage()
    let before = try stage.client.say("before", #""conversation":"c""#)
    #expect(before.status == "completed")
    let end = try run(["sh", "-ec", "cd '\(stage.daemon.scratch.path)'; \(loss)"])
    try #require(end.status == 0, "\(end.error)")
    let refused = try stage.client.say("refused words", #""conversation":"c""#)
    #expect(refused.errorCode == "storage", "\(refused.message.text)")
    #expect(refused.errorData?["retryable"]?.boolean == true)
    let after = try stage.client.say("after", #""conversation":"d""#)
    #expect(after.status == "completed", "\(after.message.text)")
    #expect(stage.daemon.log.contains("was replaced, moved or deleted while it was in use"))
    try stage.daemon.kill()
    let second = try stage.restarted()
    let client = try second.connect()
    #expect(try client.retrieve(after.id).stored == after.stored)
    if loss.hasSuffix("-wal") {
      #expect(try client.retrieve(before.id).stored == before.stored)
    }
    #expect(!second.log.contains("damaged"), "\(second.log)")
    try second.kill()
  }

  @Test func `an answer that streams while the state is lost is not told to be completed`() throws {
    let stage = try StateStage()
    try stage.client.startSaying(
      5, "hello", #""conversation":"c","stream":true,"metadata":{"words":"60","rate":"100"}"#)
    try stage.client.awaitText(5)
    #expect(unsafe unlink("\(stage.daemon.scratch.path)/state/halley.db") == 0)
    let cut = try stage.client.answer(5)
    #expect(cut.errorCode == "storage", "\(cut.message.text)")
    #expect(!cut.eventTypes.contains("response.completed"))
    #expect(try stage.client.say("after", #""conversation":"d""#).status == "completed")
    try stage.daemon.kill()
  }
}
