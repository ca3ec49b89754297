/// How far a long piece of work is.
package struct ProgressUpdate: Sendable {
    /// What is being done, in a word or two: `training`, `evaluating`.
    package let stage: String
    /// Steps done, of ``total``.
    package let done: Int
    /// Steps in all.
    package let total: Int
    /// What else is worth a glance: a loss, the last coalition.
    package let detail: String

    package init(stage: String, done: Int, total: Int, detail: String = "") {
        self.stage = stage
        self.done = done
        self.total = total
        self.detail = detail
    }
}

/// Receives progress; called from any thread.
package typealias ProgressHandler = @Sendable (ProgressUpdate) -> Void
