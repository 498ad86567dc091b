import EventLoop
import JSON
import Plugins
import Wire

/// A client that answers by a script.
@EventLoop
final class FakeApprover: Approver {
  var canApprove = true
  let approvalSession = ApprovalSession()
  var answer: @EventLoop (_ params: RawJSON) async -> ClientAnswer
  private(set) var questions: [RawJSON] = []
  private(set) var limits: [Duration] = []
  private(set) var asking = 0
  private(set) var mostAsking = 0

  init(_ answer: @escaping @EventLoop (RawJSON) async -> ClientAnswer) {
    self.answer = answer
  }

  convenience init(_ decision: String, reason: String? = nil) {
    self.init { _ in .decision(decision, reason: reason) }
  }

  func ask(_ method: String, _ params: RawJSON, limit: Duration) async -> ClientAnswer {
    guard method == "tools.approve" else { return .answered(.success(.null)) }
    questions.append(params)
    limits.append(limit)
    asking += 1
    mostAsking = max(asking, mostAsking)
    defer { asking -= 1 }
    return await answer(params)
  }
}

extension ClientAnswer {
  static func decision(_ decision: String, reason: String? = nil) -> ClientAnswer {
    .answered(
      .success(
        .object {
          $0.member("decision", decision)
          if let reason { $0.member("reason", reason) }
        }))
  }
}
