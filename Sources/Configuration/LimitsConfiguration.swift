/// Bounds on what clients, upstreams and tools may cost: `[limits]`.
package struct LimitsConfiguration: Sendable, Equatable {
  /// Clients at once.
  package var connections = 1024
  package var requestsPerConnection = 64
  /// Requests at once of all connections of one user.
  package var requests = 256
  /// Requests that wait for a free place at one upstream.
  package var queue = 256

  /// Bytes of one line from a client. The API's largest file, 50 MB, fits as base64.
  package var line = 80 << 20
  /// Bytes of all input buffers together.
  package var buffers = 256 << 20
  /// Bytes of answers that one client has not taken; beyond, nothing more is read from it.
  package var output = 8 << 20
  /// Bytes of answers that all clients have not taken; beyond, nothing more is read from those that
  /// have some.
  package var outputs = 128 << 20
  /// Bytes of one response with all its events.
  package var response = 64 << 20
  /// Bytes of the events of all responses that run or are read; beyond, new ones are refused.
  package var responses = 512 << 20
  /// Bytes of one event from an upstream.
  package var event = 16 << 20

  /// Open arrays and objects in a line from a client.
  package var depth = 128
  /// Values in a line from a client.
  package var nodes = 250_000
  /// Bytes of a key in a line from a client.
  package var key = 1024
  /// Characters of a number in a line from a client.
  package var number = 64

  /// How long a client may take nothing from a full socket before it is dropped.
  package var stalledReader = Duration.seconds(30)
  /// How long running responses may go on after SIGTERM.
  package var drain = Duration.seconds(30)
  /// How long a client may take to approve a tool call; no answer means no.
  package var approval = Duration.seconds(120)

  /// Calls of daemon-side tools in one response.
  package var toolCalls = 64
  /// Times that the model is asked again within one response.
  package var toolRounds = 16
  /// From the first tool call to the end of the last one.
  package var toolTime = Duration.seconds(600)
  /// Bytes of one tool's output that the model gets.
  package var toolOutput = 1 << 20

  package init() {}
}
