internal import CCurl
internal import EventLoop
internal import Glibc

/// The functions that libcurl calls; each finds its object and enters the loop's actor.
enum CurlCallbacks {
  private static func client(_ context: UnsafeMutableRawPointer) -> HTTPClient {
    unsafe Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue()
  }

  private static func transfer(_ context: UnsafeMutableRawPointer) -> Transfer {
    unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  }

  /// CURLMOPT_SOCKETFUNCTION(3)
  static let socket: curl_socket_callback = { easy, descriptor, what, context, _ in
    guard let context = unsafe context else { return 0 }
    nonisolated(unsafe) let address = unsafe context
    let key = UInt(bitPattern: easy)
    EventLoop.assumeIsolated { unsafe client(address).watch(descriptor, what, for: key) }
    return 0
  }

  /// CURLMOPT_TIMERFUNCTION(3)
  static let timer: curl_multi_timer_callback = { _, milliseconds, context in
    guard let context = unsafe context else { return 0 }
    nonisolated(unsafe) let address = unsafe context
    EventLoop.assumeIsolated { unsafe client(address).setTimer(milliseconds: milliseconds) }
    return 0
  }

  /// CURLOPT_OPENSOCKETFUNCTION(3)
  static let openSocket: curl_opensocket_callback = { context, _, address in
    guard let context = unsafe context, let wanted = unsafe address?.pointee else { return -1 }
    nonisolated(unsafe) let owner = unsafe context
    let (family, type, number) = (wanted.family, wanted.socktype, wanted.protocol)
    return EventLoop.assumeIsolated { unsafe client(owner).openSocket(family, type, number) }
  }

  /// CURLOPT_CLOSESOCKETFUNCTION(3)
  static let closeSocket: curl_closesocket_callback = { context, descriptor in
    guard let context = unsafe context else { return close(descriptor) }
    nonisolated(unsafe) let owner = unsafe context
    return EventLoop.assumeIsolated { unsafe client(owner).closeSocket(descriptor) }
  }

  /// CURLOPT_PREREQFUNCTION(3)
  static let beforeRequest:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?, Int32,
      Int32
    ) -> Int32 = { context, _, _, _, localPort in
      guard let context = unsafe context else { return CURL_PREREQFUNC_ABORT }
      nonisolated(unsafe) let owner = unsafe context
      return EventLoop.assumeIsolated { unsafe transfer(owner).beginRequest(from: localPort) }
        ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
    }

  /// CURLOPT_SSL_CTX_FUNCTION(3)
  static let beforeTLS: curl_ssl_ctx_callback = { _, _, context in
    guard let context = unsafe context else { return CURLE_OK }
    nonisolated(unsafe) let owner = unsafe context
    EventLoop.assumeIsolated { unsafe transfer(owner).handshakes += 1 }
    return CURLE_OK
  }

  /// CURLOPT_WRITEFUNCTION(3); another count than the one that came ends the transfer.
  static let write:
    @convention(c) (
      UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?
    ) -> Int = { bytes, size, count, context in
      guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
      return unsafe BodyParts.take(bytes, size * count, for: context)
    }

  /// CURLOPT_HEADERFUNCTION(3); one whole line a call.
  static let header:
    @convention(c) (
      UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?
    ) -> Int = { bytes, size, count, context in
      guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
      nonisolated(unsafe) let owner = unsafe context
      nonisolated(unsafe) let line = unsafe UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bytes), count: size * count)
      return EventLoop.assumeIsolated {
        unsafe transfer(owner).receiveHeader(line.bindMemory(to: UInt8.self).span)
      } ? size * count : 0
    }
}
