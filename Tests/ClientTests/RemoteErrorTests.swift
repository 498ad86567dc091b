import Client
import JSON
import Testing

struct RemoteErrorTests {
  private func failure(_ data: String) throws -> Failure {
    RemoteError(try RawJSON(parsing: #"{"code":-1,"message":"M","data":\#(data)}"#)).failure
  }

  @Test(arguments: [
    (#"{"code":"upstream_http","http_status":401}"#, Client.ExitStatus.keyRefused),
    (#"{"code":"upstream_http","http_status":403}"#, .keyRefused),
    (#"{"code":"upstream_http","http_status":429}"#, .tryAgain),
    (#"{"code":"upstream_http","http_status":500}"#, .failed),
    (#"{"code":"upstream_http","http_status":400}"#, .failed),
    (#"{"code":"overloaded"}"#, .tryAgain), (#"{"code":"busy"}"#, .tryAgain),
    (#"{"code":"upstream_unreachable"}"#, .tryAgain), (#"{"code":"upstream_timeout"}"#, .tryAgain),
    (#"{"code":"upstream_truncated"}"#, .tryAgain),
    (#"{"code":"upstream_circuit_open"}"#, .tryAgain),
    (#"{"code":"config"}"#, .configuration), (#"{"code":"invalid_params"}"#, .usage),
    (#"{"code":"cache_miss"}"#, .failed), (#"{"code":"budget_exceeded"}"#, .failed),
    (#"{"code":"method_not_found"}"#, .failed), (#"{"code":"brand_new"}"#, .failed),
    ("{}", .failed),
  ])
  func `each code has its status`(_ data: String, _ status: Client.ExitStatus) throws {
    #expect(try failure(data).status == status)
  }

  @Test func `what the daemon advises is said first`() throws {
    #expect(try failure(#"{"code":"config","hint":"set the key"}"#).advice == "set the key")
    #expect(
      try failure(#"{"code":"method_not_found","did_you_mean":"models.list"}"#).advice
        == "did you mean models.list?")
    #expect(
      try failure(#"{"code":"overloaded","retry_after_ms":2000}"#).advice == "try again in 2.0 s")
  }

  @Test func `an error can't write to the terminal`() {
    #expect(Failure(.failed, "\u{1B}[2J").text == "halley: ␛[2J\n")
  }
}
