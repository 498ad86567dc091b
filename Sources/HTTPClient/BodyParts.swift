internal import CCurl
internal import EventLoop
internal import Glibc

/// Body bytes that came in one call of libcurl, up to where their transfer takes them.
///
/// libcurl hands out each HTTP chunk by itself, and servers send one for each event: put together
/// again, those that arrived together are read together.
@safe struct BodyParts {
  /// More than libcurl reads at once.
  private static let capacity = 64 * 1024

  // Touched on the loop's thread only, in libcurl's callbacks and right after them.
  private nonisolated(unsafe) static let shared: UnsafeMutablePointer<BodyParts> = {
    let shared = UnsafeMutablePointer<BodyParts>.allocate(capacity: 1)
    unsafe shared.initialize(to: BodyParts())
    return unsafe shared
  }()

  private let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
  private var count = 0
  private var transfer: UnsafeMutableRawPointer?

  /// Takes what libcurl hands out (CURLOPT_WRITEFUNCTION(3)).
  ///
  /// - Returns: how much it takes; another count than the one that came ends the transfer.
  static func take(
    _ bytes: UnsafeRawPointer, _ count: Int, for transfer: UnsafeMutableRawPointer
  ) -> Int {
    unsafe shared.pointee.take(bytes, count, for: transfer)
  }

  /// Hands on what came, to be called when libcurl has returned: the transfer is there for as long.
  @EventLoop static func deliver() {
    unsafe shared.pointee.deliver()
  }

  @inline(always)
  private mutating func take(
    _ part: UnsafeRawPointer, _ partCount: Int, for transfer: UnsafeMutableRawPointer
  ) -> Int {
    if unsafe count > 0 && (transfer != self.transfer || partCount > Self.capacity - count) {
      deliver()
    }
    guard partCount <= Self.capacity else {
      return unsafe Self.deliver(
        UnsafeRawBufferPointer(start: part, count: partCount), to: transfer)
        ? partCount : 0
    }
    unsafe self.transfer = unsafe transfer
    unsafe _ = bytes.baseAddress.map { unsafe memcpy($0 + count, part, partCount) }
    count += partCount
    return partCount
  }

  private mutating func deliver() {
    guard count > 0, let transfer = unsafe transfer else { return }
    let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<count])
    count = 0
    unsafe self.transfer = nil
    unsafe _ = Self.deliver(part, to: transfer)
  }

  private static func deliver(
    _ part: UnsafeRawBufferPointer, to transfer: UnsafeMutableRawPointer
  ) -> Bool {
    nonisolated(unsafe) let owner = unsafe transfer
    nonisolated(unsafe) let part = unsafe part
    return EventLoop.assumeIsolated {
      unsafe Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue().receiveBody(
        part.bindMemory(to: UInt8.self).span)
    }
  }
}
