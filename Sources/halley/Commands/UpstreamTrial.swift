import Client
import JSON

/// Whether an upstream can be asked: its list of models costs nothing, and shows route, key and rights.
enum UpstreamTrial {
  /// How many models it has, in words.
  ///
  /// - Parameter call: calls a method of the daemon.
  static func models(
    of upstream: String, _ call: (String, RawJSON) throws(Failure) -> RawJSON
  ) throws(Failure) -> String {
    let models = try call(
      "models.list",
      .object {
        $0.member("upstream", upstream)
        $0.member("refresh", true)
      })
    let count = models["data"]?.elements.count ?? 0
    return "\(count) model\(count == 1 ? "" : "s")"
  }
}
