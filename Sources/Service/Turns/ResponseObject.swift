internal import JSON
internal import Store
internal import Wire

/// A response object of an upstream's, and of its members those that a turn asks for, found in one
/// walk.
struct ResponseObject {
  private static let members = MemberNames("id", "status", "error", "output")

  let json: RawJSON
  private(set) var id: String?
  private(set) var status: String?
  private(set) var output: RawJSON?
  /// Whether its error is one.
  private var tellsError = false

  init(_ json: RawJSON) {
    self.json = json
    json.forEach(Self.members) { name, value in
      switch name {
      case 0: id = value.string
      case 1: status = value.string
      case 2: tellsError = value.isError
      default: output = value
      }
    }
  }

  /// How it ended: the worst of what the type of its event, its status and its error say.
  func ending(_ kind: UpstreamEvent.Kind?) -> ResponseStatus {
    let byType: ResponseStatus =
      switch kind {
      case .failed: .failed
      case .incomplete: .incomplete
      default: .completed
      }
    let told = status.flatMap { ResponseStatus(rawValue: $0) } ?? byType
    let claims = [byType, told, tellsError ? .failed : byType]
    return [.failed, .cancelled, .incomplete].first { claims.contains($0) } ?? .completed
  }
}

extension RawJSON {
  /// Whether an error says anything: some servers fill the member with nothing.
  fileprivate var isError: Bool {
    switch kind {
    case .null: false
    case .object: members.contains { !$0.value.isNull }
    case .string: string?.isEmpty == false
    default: boolean != false
    }
  }
}
