package import JSON

/// The checked parameters of `responses.create`.
package struct CreateRequest: Sendable {
  /// What goes upstream: the parameters without `halley`, all others with their bytes and order.
  package let body: RawJSON
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
  package init(params: RawJSON) throws(RPCError) {
    let members = params.members
    try Self.check(params, members)
    options = members.nonNull("halley").map { HalleyOptions(checked: $0) } ?? HalleyOptions()
    conversation =
      if let json = members.nonNull("conversation") {
        try ConversationReference(json)
      } else { nil }
    model = members.nonNull("model")?.string
    isStreaming = members.nonNull("stream")?.boolean ?? false
    isBackground = members.nonNull("background")?.boolean ?? false
    store = members.nonNull("store")?.boolean
    previousResponseID = members.nonNull("previous_response_id")?.string
    body = params.removing("halley")
  }

  private static func check(_ params: RawJSON, _ members: [RawJSON.Member]) throws(RPCError) {
    do throws(Refusal) {
      guard params.kind == .object else {
        throw Rule.anyObject.refusal(of: params.foundText).inside("params")
      }
      try Shape.createParameters.check(members)
    } catch {
      throw error.error
    }
  }
}
