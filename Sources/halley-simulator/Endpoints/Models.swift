internal import JSON

/// The models that the simulator says it has.
enum Models {
  /// 2025-08-07, so that the list is the same each time.
  private static let created = 1_754_524_800
  private static let names = ["gpt-5.4", "gpt-5.4-mini", "gpt-4o-sim", "o4-sim", "o4-mini-sim"]

  private static func json(_ name: String) -> RawJSON {
    .object { writer in
      writer.member("id", name)
      writer.member("object", "model")
      writer.member("created", created)
      writer.member("owned_by", "halley-simulator")
    }
  }

  static var list: RawJSON {
    .object { writer in
      writer.member("object", "list")
      writer.key("data")
      writer.array { writer in
        for name in names { writer.value(json(name)) }
      }
    }
  }

  static func find(_ name: String) throws(APIError) -> RawJSON {
    guard names.contains(name) else {
      throw APIError(
        status: 404, "The model '\(name)' does not exist", param: "model", code: "model_not_found")
    }
    return json(name)
  }
}
