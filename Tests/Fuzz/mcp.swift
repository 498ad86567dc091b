/// Runs `ToolExercise`, which says what holds.
@c(LLVMFuzzerTestOneInput)
public func fuzzMCP(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let wrong = unsafe ToolExercise.run(Array(UnsafeBufferPointer(start: data, count: count)))
  require(wrong == nil, wrong ?? "")
  return 0
}
