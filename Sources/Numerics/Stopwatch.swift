import Glibc

/// The processor time that the calling thread spent in some operations, for benchmarks; a reading costs a system call.
package final class Stopwatch {
    /// Seconds so far.
    package private(set) var seconds = 0.0

    /// A stopwatch at 0.
    package init() {}

    func time(_ body: () -> Void) {
        let start = Stopwatch.now
        body()
        seconds += Stopwatch.now - start
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
}
