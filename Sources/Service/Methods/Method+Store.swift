internal import JSON
internal import Wire

extension Method {
  /// The daemon writes the file itself, as its own user and wherever it may.
  static let storeBackup = Method(
    "store.backup", for: .operators,
    .params(["path": .matching(.absolutePath)], required: ["path"])
  ) { daemon, call throws(RPCError) in
    guard call.caller.isOperator else {
      throw RPCError(.permission, "only root and the daemon's own user may back the store up")
    }
    let path = call.requiredText("path")
    return .work { () throws(RPCError) in
      let bytes = try await daemon.state.backUp(to: path)
      return .result(
        .object {
          $0.member("path", path)
          $0.member("bytes", bytes)
        })
    }
  }
}

extension Method {
  /// How long a deletion waits for the text to be erased, before it says that all is deleted.
  static let erasurePatience = Duration.seconds(1)
}
