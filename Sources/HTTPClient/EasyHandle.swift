internal import CCurl
internal import EventLoop

/// One of libcurl's easy handles, and what it is set up for: a request to the same place with the
/// same fields needs a body and nothing else, which is a tenth of the work.
@EventLoop
@safe final class EasyHandle {
  let pointer: UnsafeMutableRawPointer
  /// What libcurl says of a failure (CURLOPT_ERRORBUFFER(3)).
  let errorText: UnsafeMutablePointer<CChar>
  /// The request that it was set up for, without its body; nil where it is set up anew.
  private(set) var setup: HTTPRequest?
  private var fields: UnsafeMutablePointer<curl_slist>?
  private var body: UnsafeMutableRawBufferPointer?
  private var url: OpaquePointer?

  init(_ pointer: UnsafeMutableRawPointer) {
    unsafe self.pointer = pointer
    unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  /// Gives libcurl the fields of a request, and keeps what it is set up for.
  func setUp(for request: HTTPRequest) throws(HTTPError) {
    for line in request.headers + ["Accept-Encoding: identity", "Expect:"] {
      guard let longer = unsafe curl_slist_append(fields, line) else {
        throw HTTPError(.outOfMemory, "no memory for a header field")
      }
      unsafe fields = longer
    }
    setURL(request.url)
    unsafe _ = halley_setopt_pointer(pointer, CURLOPT_HTTPHEADER, fields)
    unsafe _ = halley_setopt_pointer(pointer, CURLOPT_ERRORBUFFER, errorText)
    setup = request
    setup?.body = nil
  }

  /// Has libcurl read the URL once, and not for each transfer (CURLOPT_CURLU(3)). One that it can't
  /// read fails when it is used.
  private func setURL(_ text: String) {
    unsafe url = curl_url()
    let result = unsafe curl_url_set(url, CURLUPART_URL, text, UInt32(CURLU_DISALLOW_USER))
    if result == CURLUE_OK {
      unsafe _ = halley_setopt_pointer(pointer, CURLOPT_CURLU, UnsafeRawPointer(url))
    } else {
      unsafe _ = halley_setopt_string(pointer, CURLOPT_URL, text)
    }
  }

  /// libcurl reads the body while it sends, so it gets a copy that stays where it is.
  func setBody(_ bytes: [UInt8]) {
    dropBody()
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
    unsafe copy.copyBytes(from: bytes)
    unsafe body = copy
    unsafe _ = halley_setopt_pointer(pointer, CURLOPT_POSTFIELDS, copy.baseAddress)
    unsafe _ = halley_setopt_offset(
      pointer, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
  }

  private func forget() {
    unsafe curl_slist_free_all(fields)
    unsafe fields = nil
    unsafe curl_url_cleanup(url)
    unsafe url = nil
    setup = nil
  }

  /// To call when the transfer is over: what rests holds no memory for a body.
  func dropBody() {
    unsafe body?.deallocate()
    unsafe body = nil
  }

  /// Forgets all that was set: nothing of an earlier transfer is left behind.
  func reset() {
    unsafe curl_easy_reset(pointer)
    forget()
  }

  func close() {
    unsafe curl_easy_cleanup(pointer)
    forget()
    dropBody()
    unsafe errorText.deallocate()
  }
}
