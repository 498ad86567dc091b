package import JSON

/// Defaults that a request takes by name: `[profiles.NAME]`. The request's own members win.
package struct ProfileConfiguration: Sendable, Equatable {
  package struct Parameter: Sendable, Equatable {
    package let name: String
    package let value: RawJSON

    package init(name: String, value: RawJSON) {
      self.name = name
      self.value = value
    }
  }

  package let name: String
  package var model: String?
  package var upstream: String?
  package var instructions: String?
  /// Tools of the daemon that are offered to the model, by `plugin.tool`.
  package var tools: [Glob] = []
  /// Further members of the request, such as `reasoning`, in their order.
  package var parameters: [Parameter] = []

  package init(name: String) {
    self.name = name
  }
}
