internal import CScan

/// Takes texts that are as they should be, many bytes at a time; what it does not take is for
/// `JSONScanner.scanExactly` to decide.
enum QuickScan {
  /// Children for which there is room; no event has half as many.
  static let room = 32

  /// Returns what `JSONScanner.scan` does; nil where that takes a closer look, after no child was
  /// handed out.
  @inline(always)
  static func value(
    of text: Span<UInt8>, limits: JSONLimits, child: (JSONScanner.Child) -> Void
  ) -> Range<Int>? {
    // Which keys stand twice, only the exact scanner finds.
    guard limits.allowsDuplicateKeys else { return nil }
    return unsafe withUnsafeTemporaryAllocation(of: halley_scan_child.self, capacity: room) {
      children in
      var found = halley_scan_result()
      guard unsafe scan(text, readable: text.count, limits, children, &found) else { return nil }
      for index in 0..<Int(found.children) { child(unsafe JSONScanner.Child(children[index])) }
      return Int(found.begin)..<Int(found.end)
    }
  }

  /// - Parameters:
  ///   - readable: bytes from the text's beginning on that may be read.
  ///   - children: with room for `room`.
  static func scan(
    _ text: Span<UInt8>, readable: Int, _ limits: JSONLimits,
    _ children: UnsafeMutableBufferPointer<halley_scan_child>, _ found: inout halley_scan_result
  ) -> Bool {
    var limits = halley_scan_limits(limits)
    let isTaken = unsafe text.withUnsafeBufferPointer { text in
      unsafe halley_scan(
        text.baseAddress, text.count, max(readable, text.count), &limits, children.baseAddress,
        children.count, &found)
    }
    return isTaken == 1 && (found.is_ascii == 1 || isUTF8(text))
  }

  static func isUTF8(_ text: Span<UInt8>) -> Bool {
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: text)
      return true
    } catch {
      return false
    }
  }
}

extension halley_scan_limits {
  init(_ limits: JSONLimits) {
    self.init(
      depth: limits.maximumDepth, nodes: max(limits.maximumNodes, 0),
      key_bytes: max(limits.maximumKeyBytes, 0), number_bytes: max(limits.maximumNumberBytes, 0),
      allows_lone_surrogates: limits.allowsLoneSurrogates ? 1 : 0)
  }
}

extension JSONScanner.Child {
  @inline(always)
  init(_ child: halley_scan_child) {
    self.init(
      key: Int(child.key)..<Int(child.key_end), value: Int(child.value)..<Int(child.value_end))
  }
}
