import Client
import JSON
import Wire

/// Says which model was probably meant where the upstream does not know the one that was asked.
enum ModelAdvice {
  /// Adds the advice to a failure that may come of a model's name; another is returned as it is.
  static func added(
    to failure: Failure, asking model: String?, _ session: Session
  ) -> Failure {
    guard let remote = failure.remote, isAboutModel(remote) else { return failure }
    let near = model.flatMap { closest(to: $0, among: names(session)) }
    let advice = near.map { "did you mean: -m \($0)" } ?? "see which there are: halley models"
    return Failure(failure.status, failure.message, advice: advice, remote: remote)
  }

  /// The models that the upstreams list; none where that can't be had.
  static func names(_ session: Session) -> [String] {
    do throws(Failure) {
      let models = try session.call("models.list", .emptyObject)
      return (models["data"]?.elements ?? []).compactMap { $0["id"]?.string }
    } catch {
      return []
    }
  }

  private static func isAboutModel(_ error: RawJSON) -> Bool {
    let data = error["data"] ?? .emptyObject
    guard data["code"]?.string == "upstream_http" else { return false }
    let upstream = data["error"] ?? .emptyObject
    let status = data["http_status"]?.integer
    return upstream["code"]?.string == "model_not_found"
      || (status == 400 || status == 404) && upstream["param"]?.string == "model"
      || status == 404 && upstream["message"]?.string?.lowercased().contains("model") == true
  }
}
