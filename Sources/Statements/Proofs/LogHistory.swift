package import Documents
package import Errors

/// Earlier states of the log that were signed, each with the proof that it is the beginning of the newest one.
///
/// With it a reader who remembers what the log was sees that it only grew: nothing was taken out, nothing rewritten, and
/// nobody else was shown another log.
package struct LogHistory: Hashable, Sendable {
    /// The log at one size.
    package struct State: Hashable, Sendable {
        package let size: UInt64
        package let root: Digest
        /// RFC 6962 §2.1.2, from this size to the newest.
        package let proof: [Digest]

        package init(size: UInt64, root: Digest, proof: [Digest]) {
            self.size = size
            self.root = root
            self.proof = proof
        }
    }

    /// By ascending size.
    package let states: [State]

    package static let header = "laurel/log-history/v1"
    /// The most states that a bundle carries: about two years of months with one change of keys in each.
    package static let maximumStates = 48

    package init(states: [State]) {
        self.states = states
    }

    /// What is wrong with it as the history of a checkpoint; nil when every state leads there.
    package func objection(to checkpoint: Checkpoint) -> String? {
        for state in states {
            let leads = LogTree.verifiesConsistency(
                oldSize: state.size, oldRoot: state.root, newSize: checkpoint.size, newRoot: checkpoint.root,
                proof: state.proof)
            guard leads else { return "the log of \(state.size) entries is not the beginning of this one" }
        }
        return nil
    }

    /// Header, then a line a state: `size root hash…`, hashes in hexadecimal.
    package var text: String {
        let lines = states.map { state in
            (["\(state.size)", state.root.hex] + state.proof.map(\.hex)).joined(separator: " ")
        }
        return ([Self.header] + lines).joined(separator: "\n") + "\n"
    }

    /// Reads the file; what is not byte for byte what ``text`` writes, in ascending sizes, is refused.
    ///
    /// - Throws: ``LaurelError`` of kind `input`.
    package init(parsing bytes: [UInt8]) throws(LaurelError) {
        let refusal = LaurelError.input("not a log history in its one spelling", at: StatementBundle.Name.logHistory)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw refusal }
        var states: [State] = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n")).dropFirst() {
            let words = Substring(line).split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            let hashes = words.dropFirst().compactMap { Digest(hex: $0) }
            guard words.count >= 2, let size = UInt64(words[0]), hashes.count == words.count - 1,
                states.count < Self.maximumStates, states.last.map({ $0.size < size }) ?? (size > 0)
            else { throw refusal }
            states.append(State(size: size, root: hashes[0], proof: Array(hashes.dropFirst())))
        }
        self.init(states: states)
        guard Array(self.text.utf8) == bytes else { throw refusal }
    }
}
