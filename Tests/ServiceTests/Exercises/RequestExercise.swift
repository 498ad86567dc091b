import JSON
import Wire

/// Takes arbitrary bytes as a line of a client.
///
/// Holds: nothing traps; a refusal says what and why; what is taken is sent on without `halley`.
enum RequestExercise {
  /// Returns what does not hold.
  static func run(_ line: [UInt8]) -> String? {
    do throws(RPCRefusal) {
      guard case .request(let request) = try RPCMessage(line: line[...]) else { return nil }
      return try take(request)
    } catch {
      return error.error.message.isEmpty ? "a refusal without a word" : nil
    }
  }

  private static func take(_ request: RPCRequest) throws(RPCRefusal) -> String? {
    do throws(RPCError) {
      let create = try CreateRequest(params: request.params)
      return create.body["halley"] == nil ? nil : "halley is sent on"
    } catch {
      throw RPCRefusal(id: request.id, error: error)
    }
  }
}
