/// The one description of all controls; `--help` prints it.
///
/// Every value is a string, as the API wants it of metadata. A flag is set by `"1"`. PLACE is
/// `before_headers`, `after_headers` or `after_events:N`.
enum ControlTable {
  static let text = """
    A request's metadata drives the simulator. Every value is a string, a flag is set by "1", \
    PLACE is before_headers, after_headers or after_events:N.

    The answer
      text TEXT               exactly this text
      words N                 so many words
      huge_event BYTES        a first delta of this size
      burst N                 N deltas as fast as they can be written
      endless KIND            deltas, comments or line, for ever ("1": deltas)
      arguments TEXT          exactly these arguments for every function call
      call_rounds N           call functions so often before answering in words
      stray_call NAME         one more call, of a tool that need not be there
      ignore_tool_choice      tools are called whatever tool_choice says
      duplicate_id ID         the response has this id
      no_id                   the response has no id
      repeat_item_ids         items of one type have one id, in every response
      sparse                  the response has seven members only
      failed                  ends with response.failed (error_code, error_message)
      corpus                  odd spellings of JSON, unknown members and events

    Time
      rate N                  words a second, 0 for no limit
      header_delay_ms N       before the headers
      first_event_delay_ms N  between the headers and the first event
      event_delay_ms N        between events

    The bytes of a stream
      crlf, cr                lines end so
      no_event_line           data: lines only
      no_space                data:{...}
      split_data              an event's data over several data: lines
      comments                a comment line before every event
      no_sequence_numbers     events do not say their number
      no_final_blank_line     the last event is not ended
      done                    data: [DONE] at the end
      no_terminal             a clean end without the terminal event
      malformed PLACE         one event that is not JSON
      stream_error KIND[:N]   flat, nested or bare error event after N events (5);
                              response.failed follows the first two
      stream_error_alone      nothing follows it ("0": response.failed does)
      raw_events TEXT         exactly these bytes instead of events
      script NAME             the bytes of this file of --script
      drip                    one byte a write, headers too, drip_delay_us apart
      flush                   one write for every event
      chunk_per_event         one HTTP chunk for every event
      chunk_bytes N           HTTP chunks of this size
      no_chunks               the body ends with the connection
      gzip                    Content-Encoding: gzip

    The connection
      reset PLACE             RST
      close PLACE             a clean end of the body
      close_raw PLACE         FIN in the middle of the body
      stall PLACE             silence on an open connection
      stall_before_headers    the same as stall before_headers

    Other answers
      status N                this HTTP status, with error_code, error_type,
                              error_message, retry_after, retry_after_ms,
                              should_retry
      status_times N          only for the first N requests with the same key
      error_html, empty_body  the error's body
      redirect STATUS         to /_simulator/redirected
      content_type TYPE       of a successful answer
      huge_headers BYTES      additional headers
      json_always             JSON although a stream was asked for
      sse_always              a stream although none was asked for

    Without controls: the model "missing-model" does not exist, "gpt-4o-sim" refuses encrypted \
    reasoning, models in "o" reason if an effort is given, and so does every model that is asked \
    to "think first". An input that says "call NAME" or "call NAME {JSON}" calls that tool if \
    it is offered.

    GET /_simulator/stats counts, GET /_simulator/requests shows the last 100 requests, \
    POST /_simulator/reset forgets both.
    """
}
