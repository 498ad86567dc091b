internal import JSON
internal import Wire

extension RawJSON {
  /// Reads what a client sent, which has to be an object.
  ///
  /// - Parameter name: what it is called in errors, as in "body".
  init(object text: [UInt8], named name: String, limits: JSONLimits) throws(RPCError) {
    do throws(JSONError) {
      try self.init(parsing: text, limits: limits)
    } catch {
      throw RPCError(error)
    }
    guard kind == .object else {
      throw RPCError(.invalidRequest, "the \(name) is \(excerpt), an object was expected")
    }
  }
}
