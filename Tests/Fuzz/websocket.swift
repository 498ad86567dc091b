/// Runs `WebSocketExercise`, which says what holds.
@c(LLVMFuzzerTestOneInput)
public func fuzzWebSocket(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let wrong = unsafe WebSocketExercise.run(Array(UnsafeBufferPointer(start: data, count: count)))
  require(wrong == nil, wrong ?? "")
  return 0
}
