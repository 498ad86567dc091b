package import JSON

/// The checked parameters of `responses.create`.
package struct CreateRequest: Sendable {
  /// What goes upstream: the parameters without `halley`, all others with their bytes and order.
  package let body: RawJSON
  /// The same, to look members up.
  package let object: IndexedObject
  package let options: HalleyOptions
  /// Nil where the profile's or the default model is asked.
  package let model: String?
  package let isStreaming: Bool
  package let isBackground: Bool
  /// Nil where the client did not say; the API then stores.
  package let store: Bool?
  package let previousResponseID: String?
  package let conversation: ConversationReference?

  /// Checks what can be checked before the network; unknown members pass.
  ///
  /// - Parameter shape: what a method makes of the parameters.
  package init(params: RawJSON, by shape: Shape = .createParameters) throws(RPCError) {
    let members = try shape.check(params)
    options = members.nonNull("halley").map { HalleyOptions(checked: $0) } ?? HalleyOptions()
    conversation = members.nonNull("conversation").map { ConversationReference(checked: $0) }
    model = members.nonNull("model")?.string
    isStreaming = members.nonNull("stream")?.boolean ?? false
    isBackground = members.nonNull("background")?.boolean ?? false
    store = members.nonNull("store")?.boolean
    previousResponseID = members.nonNull("previous_response_id")?.string
    body = members.contains { $0.key == "halley" } ? params.removing("halley") : params
    object = IndexedObject(body, members: members.filter { $0.key != "halley" })
  }
}
