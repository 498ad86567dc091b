internal import EventLoop
internal import JSON
internal import Store
internal import Wire

extension Method {
  /// The daemon writes the file itself, as its own user and wherever it may.
  static let storeBackup = Method(
    "store.backup", for: .operators,
    .params(["path": .matching(.absolutePath)], required: ["path"])
  ) { daemon, call throws(RPCError) in
    try call.requireOperator("back the store up")
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

  static let storeStatus = Method("store.status", for: .operators) {
    daemon, call throws(RPCError) in
    try call.requireOperator("look at everybody's store")
    return .work { () throws(RPCError) in
      let contents = try await daemon.state.inspect { store throws(StoreError) in
        try await store.contents()
      }
      return .result(.object { daemon.state.write(contents, &$0) })
    }
  }

  static let storeCheck = Method("store.check", for: .operators) { daemon, call throws(RPCError) in
    try call.requireOperator("check everybody's store")
    return .work { () throws(RPCError) in
      let start = EventLoop.now
      let check = try await daemon.state.inspect { store throws(StoreError) in
        try await store.check()
      }
      return .result(
        .object { result in
          result.member("path", daemon.state.path)
          check.write(&result)
          result.key("took_ms")
          result.double((EventLoop.now - start).roundedMilliseconds)
        })
    }
  }
}

extension Call {
  fileprivate func requireOperator(_ action: String) throws(RPCError) {
    guard caller.isOperator else {
      throw RPCError(.permission, "only root and the daemon's own user may \(action)")
    }
  }
}

extension StoreCheck {
  fileprivate func write(_ writer: inout JSONWriter) {
    writer.member("sound", isSound)
    writer.member("rows", rows)
    writer.key("findings")
    writer.array { list in
      for finding in findings {
        list.object {
          $0.member("table", finding.table.map { RawJSON.string($0) } ?? .null)
          $0.member("row", finding.row.map { .integer($0) } ?? .null)
          $0.member("problem", finding.problem)
        }
      }
    }
  }
}

extension StateStore {
  fileprivate func write(_ contents: StoreContents, _ writer: inout JSONWriter) {
    let statistics = contents.statistics
    writer.member("path", path)
    writer.member("open", isOpen)
    writer.member("database_bytes", statistics.databaseBytes)
    writer.member("log_bytes", statistics.logBytes)
    writer.member("free_bytes", statistics.freeBytes)
    writer.member("conversations", statistics.conversations)
    writer.member("responses", statistics.responses)
    writer.member("items", statistics.items)
    writer.key("sizes")
    if let kinds = contents.kinds {
      writer.array { list in
        for kind in kinds {
          list.object {
            $0.member("kind", kind.name)
            $0.member("bytes", kind.bytes)
          }
        }
      }
    } else {
      writer.null()
    }
    writer.key("backlog")
    writer.object {
      $0.member("unindexed_turns", gauge?.unindexedTurns ?? 0)
      $0.member("erasures", contents.unerased)
    }
    writeLastExpiry(&writer)
    writeUsers(contents, &writer)
  }

  private func writeUsers(_ contents: StoreContents, _ writer: inout JSONWriter) {
    writer.key("users")
    writer.array { list in
      for owner in contents.owners {
        list.object {
          $0.member("user", owner.subject.name)
          $0.member("conversations", owner.conversations)
          $0.member("responses", owner.responses)
        }
      }
    }
  }
}

extension Method {
  /// How long a deletion waits for the text to be erased, before it says that all is deleted.
  static let erasurePatience = Duration.seconds(1)
}
