package import JSON
package import Store
package import Wire

/// What can happen to a turn. In a phase that it means nothing to, an event changes nothing.
package enum TurnEvent {
  /// The request is ready to be sent: at first, and again for each round of tool calls.
  ///
  /// - Parameter echo: members of the response that say what the client asked.
  case prepared(CallOwners, echo: [ResponseEcho])
  /// It can't be sent: a check, a hook, a budget, or a stop while it was made ready.
  case refused(RPCError)
  /// The answer is known: its events, the last of them terminal, and the object that it ends with.
  case known(RawJSON, events: [ArraySlice<UInt8>], isRecorded: Bool)
  /// The response was begun before the daemon was away, and is in the log as far as it had come.
  case resumed(id: String, upstreamID: String?)
  /// Another response answers instead.
  case answeredElsewhere

  /// The row is being written.
  case rowBegun
  case rowWritten
  case rowFailed(RPCError)
  /// The response has the id that clients and the store know it by.
  case identified(String)
  /// The item that was asked about has its id.
  case itemNamed(String)

  /// An upstream is about to be asked.
  case attemptBegan
  case upstream(UpstreamEvent)
  /// The upstream works on a response of which it has told in one piece.
  case pending(RawJSON)
  case answered(CallResult)
  /// - Parameter isHeld: whether the upstream goes on with the response by itself.
  case failed(CallFailure, isHeld: Bool)

  /// The output of a call begins or ends, as an item at an index.
  case tool(StaticString, item: RawJSON, index: Int)
  /// - Parameter isAtLimit: whether a limit kept a call from being made.
  case toolsEnded([RawJSON], isAtLimit: Bool)

  case stopped(StopCause)
  case stored
  case notStored(RPCError)
}

/// What is to be done, in order.
package enum TurnAction {
  /// Ends whatever runs for the turn: the attempt, the tools, the preparing.
  case closeUpstream
  /// Finds the id; `identified` or `rowFailed` answers.
  ///
  /// - Parameter given: by the upstream.
  case identify(given: String?)
  /// Finds the id of an item; `itemNamed` answers.
  case nameItem(RawJSON)
  case append([ArraySlice<UInt8>])
  /// Asks the upstreams with the body that is ready.
  case ask
  /// Counts what a round used.
  case endRound(RawJSON)
  case callTools([RawJSON])
  /// Makes the next body ready: `prepared` or `refused` answers.
  ///
  /// - Parameter isLast: whether the model is to call no more.
  case prepare(items: [RawJSON], isLast: Bool)
  /// Counts what the response used.
  case settleUsage(TurnEnding)
  /// Writes the end; `stored` or `notStored` answers.
  case store(TurnEnding)
  /// Tells readers the outcome.
  case finish(TurnEnding)
  /// Leaves without an outcome.
  ///
  /// - Parameter isKept: whether the response goes on after the next start.
  case leave(isKept: Bool)
}

/// Why a turn is ended from outside.
package enum StopCause {
  case cancelled
  case deadline(Duration)
  case shutdown
  case storage(RPCError)
}

/// How a turn ends.
package struct TurnEnding {
  package let status: ResponseStatus
  /// The response; of a failure what came of it, if anything.
  package let response: RawJSON?
  /// nil where the response itself is the outcome.
  package var error: RPCError?
  /// The error as it is stored, without the response in it.
  var storedError: RawJSON?
  package var terminal: [ArraySlice<UInt8>] = []
  /// Whether what follows in the conversation goes on from it.
  package let isContinued: Bool

  /// What clients are told: an error is a failure, whatever came before it.
  var toldStatus: String { error == nil ? status.rawValue : "failed" }
}
