/// Runs `RetryAfterExercise`, which says what holds.
@c(LLVMFuzzerTestOneInput)
public func fuzzRetryAfter(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let wrong = unsafe RetryAfterExercise.run(Array(UnsafeBufferPointer(start: data, count: count)))
  require(wrong == nil, wrong ?? "")
  return 0
}
