import JSON
import TestSupport
import Testing

/// Requests of all methods, made by the schemas that the daemon itself gives (`daemon.schema`).
@Suite struct DispatchTests {
  private static let count = 4000
  /// Requests that are on their way at a time.
  private static let window = 8
  /// A watch answers when it ends, and a reload takes a while.
  private static let leftOut = ["conversations.watch", "daemon.reload"]

  private func answer(
    _ client: SocketClient, _ number: Int, _ asked: [String]
  ) throws -> Answer {
    do {
      return try client.answer(number)
    } catch {
      throw SupportError("\(asked[number]): \(error)")
    }
  }

  @Test func `whatever a schema lets be asked is answered, and not as a fault of the daemon's`()
    throws
  {
    let stage = try StateStage(upstream: "max_retries = 0")
    let client = stage.client
    let schema = try #require(try client.call(-1, "daemon.schema").result?["methods"])
    let methods = schema.members.filter { !Self.leftOut.contains($0.key) }
    var sampler = SchemaSampler(seed: 1)
    var codes: [String: Int] = [:]
    var asked: [String] = []
    func send() throws {
      let method = sampler.choose(methods)
      let params = sampler.value(of: method.value["params"] ?? .emptyObject)
      asked.append("\(method.key) \(params.text)")
      try client.request(asked.count - 1, method.key, params.text)
    }
    for _ in 0..<Self.window { try send() }
    for number in 0..<Self.count {
      let answer = try answer(client, number, asked)
      codes[answer.errorCode ?? "ok", default: 0] += 1
      #expect(answer.errorCode != "internal", "\(asked[number]): \(answer.message.text)")
      if asked.count < Self.count { try send() }
    }
    #expect(try client.call(Self.count, "daemon.ping").error == nil)
    #expect(codes["ok"] ?? 0 > Self.count / 10, "\(codes)")
    #expect(codes["invalid_params"] ?? 0 > 0, "\(codes)")
  }
}
