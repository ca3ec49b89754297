import Documents
import Errors
import Foundation
import Statements
import Testing

@Suite("Trust")
struct TrustTests {
    private static let time = "2026-12-01T00:00:00Z"

    private func ada(_ example: Example) throws -> StatementBundle { try #require(example.bundles["ada"]) }

    private func rotated(_ keyring: Keyring, at size: Int64, uses: [KeyUse] = [.statement, .log]) throws -> Keyring {
        try uses.enumerated().reduce(keyring) { keyring, use in
            keyring.rotated(
                use.element, to: try Example.key(UInt8(20 + use.offset)).publicKey, logSize: size,
                at: try Timestamp(parsing: Self.time))
        }
    }

    private func outcome(_ report: Verifier.Report, _ name: String) throws -> Verifier.Check.Outcome {
        try #require(report.checks.first { $0.name == name }).outcome
    }

    @Test("What a retired key signed in time stays valid under the next log key")
    func retired() throws {
        // The run's four entries came first, then the rotation.
        let example = try Example(keyring: rotated(Example.firstKeyring(), at: 4), logKey: try Example.key(21))
        let report = Verifier.verify(try ada(example), root: example.root.publicKey.kid)
        #expect(report.isClean, "\(report.checks)")
    }

    @Test("Whoever holds both retired keys forges nothing")
    func stolenRetiredKeys() throws {
        // A log of the thief's own, as small as it must be, signed with the retired log key.
        let own = try Example(keyring: rotated(Example.firstKeyring(), at: 100))
        let report = Verifier.verify(try ada(own), root: own.root.publicKey.kid)
        guard case .fail = try outcome(report, "the statement is in the transparency log") else {
            Issue.record("\(report.checks)")
            return
        }
        // The retired statement key alone, in the true log, after the rotation.
        let late = try Example(
            keyring: rotated(Example.firstKeyring(), at: 2), logKey: try Example.key(21),
            before: ["keyring/v1 x\n", "y\n"])
        let lateReport = Verifier.verify(try ada(late), root: late.root.publicKey.kid)
        guard case .fail(let reason) = try outcome(lateReport, "the statement key may sign") else {
            Issue.record("\(lateReport.checks)")
            return
        }
        #expect(reason.hasPrefix("the key is retired"))
    }

    @Test("verify.sh says what laurel verify says of retired and revoked keys", arguments: [3, 4, 100])
    func script(trustedSize: Int64) throws {
        let states: [(Keyring) throws -> Keyring] = [
            { try rotated($0, at: trustedSize, uses: [.statement]) },
            {
                let time = try Timestamp(parsing: Self.time)
                return try $0.revoked(
                    try Example.key(2).publicKey.kid, since: time, trustedLogSize: trustedSize,
                    reason: #"laptop {stolen}, "state":"active","use":"statement""#, at: time)
            },
            { try rotated($0, at: trustedSize, uses: [.log]) },
        ]
        for (number, change) in states.enumerated() {
            let bundle = try ada(try Example(keyring: change(Example.firstKeyring())))
            let isClean = Verifier.verify(bundle, root: nil).isClean
            #expect(isClean == (number < 2 && trustedSize >= 4))
            try withTemporaryDirectory { directory in
                try bundle.write(to: directory)
                let script = try run("bash", ["verify.sh"], in: directory)
                #expect((script.status == 0) == isClean, "\(number): \(script.output)")
            }
        }
    }

    @Test("Revoking again never gives trust back, and the same again changes nothing")
    func revokedTwice() throws {
        let kid = try Example.key(2).publicKey.kid
        let (early, late) = (try Timestamp(parsing: "2026-11-10T00:00:00Z"), try Timestamp(parsing: Self.time))
        let first = try Example.firstKeyring().revoked(
            kid, since: early, trustedLogSize: 5, reason: "stolen", at: late)
        #expect(try first.revoked(kid, since: late, trustedLogSize: 50, reason: "again", at: late) == first)
        #expect(try first.revoked(kid, since: early, trustedLogSize: 5, reason: "stolen", at: late) == first)
        let earlier = try first.revoked(
            kid, since: try Timestamp(parsing: "2026-11-01T00:00:00Z"), trustedLogSize: 2, reason: "earlier", at: late)
        #expect(earlier.entry(kid: kid)?.trustedLogSize == 2)
        #expect(earlier.version == 3)
        // A retired key stays bound by its retirement.
        let retired = try rotated(try Example.firstKeyring(), at: 4)
        let revoked = try retired.revoked(kid, since: late, trustedLogSize: 9, reason: "late", at: late)
        #expect(revoked.entry(kid: kid)?.trustedLogSize == 4)
        #expect(revoked.entry(kid: kid)?.state == .revoked)
    }

    @Test("Keyrings follow one another: none forgets a key or believes one more")
    func succession() throws {
        let (first, time) = (try Example.firstKeyring(), try Timestamp(parsing: Self.time))
        let kid = try Example.key(2).publicKey.kid
        let second = try first.revoked(kid, since: time, trustedLogSize: 3, reason: "r", at: time)
        #expect(second.objection(toFollowing: first) == nil)
        #expect(second.objection(toFollowing: second) == nil)
        #expect(first.objection(toFollowing: second) != nil)
        func version(_ number: Int64, _ entries: [Keyring.Entry]) -> Keyring {
            Keyring(version: number, issuer: first.issuer, issuedAt: time, entries: entries)
        }
        #expect(version(2, first.entries).objection(toFollowing: second) != nil, "another second version")
        #expect(version(3, first.entries).objection(toFollowing: second) != nil, "a revocation taken back")
        #expect(version(3, Array(second.entries.dropFirst())).objection(toFollowing: second) != nil, "a key forgotten")
        var more = second.entries
        more[1].trustedLogSize = 4
        #expect(version(3, more).objection(toFollowing: second) != nil, "one entry more believed")
    }

    @Test("A bundle with the keyring from before a revocation fails where the later one was seen")
    func staleKeyring() throws {
        let time = try Timestamp(parsing: Self.time)
        let newer = try Example(
            keyring: Example.firstKeyring().rotated(
                .statement, to: Example.key(20).publicKey, logSize: 4, at: time))
        let memory = try #require(Verifier.verify(try ada(newer), root: nil).learned)
        let old = try ada(try Example())
        #expect(Verifier.verify(old, root: nil, memory: memory).isClean, "signed in time: still good")
        let revoking = try Example(
            keyring: newer.keyring.revoked(
                try Example.key(2).publicKey.kid, since: time, trustedLogSize: 0, reason: "stolen", at: time))
        // The revoking keyring itself, as a later statement under the next key would bring it.
        let report = Verifier.verify(try ada(revoking), root: nil, memory: memory)
        #expect(try outcome(report, "the keyring continues the one seen before") == .pass)
        let learned = try #require(try memory.with(revoking))
        let stale = Verifier.verify(old, root: nil, memory: learned)
        guard case .fail = try outcome(stale, "the statement key may sign") else {
            Issue.record("\(stale.checks)")
            return
        }
    }

    @Test("A log that only grew is accepted; another past, a smaller log and a leap without proof are not")
    func splitView() throws {
        let name = "the log continues the one seen before"
        func report(_ example: Example, _ memory: TrustMemory?) throws -> Verifier.Report {
            Verifier.verify(try ada(example), root: nil, memory: memory)
        }
        let first = try report(try Example(before: ["a\n"], after: []), nil)
        let memory = try #require(first.learned)
        #expect(Array(memory.states.keys) == [5])
        let grown = try Example(before: ["a\n"], after: ["b\n", "c\n"], earlier: [1, 3, 5])
        #expect(try outcome(try report(grown, memory), name) == .pass)
        let later = try #require(try report(grown, memory).learned)
        #expect(later.states.keys.sorted() == [1, 3, 5, 7])
        #expect(try report(try Example(before: ["a\n"], after: []), later).isClean, "an old bundle is still good")

        let rewritten = try Example(before: ["x\n"], after: [])
        let leap = try Example(before: ["a\n"], after: ["b\n", "c\n"], earlier: [1])
        let smaller = try Example(after: [])
        let pastRewritten = try Example(before: ["x\n"], after: ["b\n", "c\n"], earlier: [1, 3, 5])
        for (example, known) in [(rewritten, memory), (leap, memory), (smaller, later), (pastRewritten, memory)] {
            let found = try outcome(try report(example, known), name)
            guard case .fail = found else {
                Issue.record("\(found)")
                continue
            }
        }
    }

    @Test("Another manifest than the log's fails, and so does a history that leads elsewhere")
    func otherProofs() throws {
        let bundle = try ada(try Example(before: ["a\n"], earlier: [1, 3]))
        #expect(Verifier.verify(bundle, root: nil).isClean)
        // Signed by the right key, with the right totals, but never logged.
        let key = try Example.key(2)
        let manifest = try #require(bundle.files["manifest.json"])
        var members = try #require(try CanonicalValue.parse(manifest).members)
        members["created_by"] = "somebody"
        var files = bundle.files
        let bytes = try CanonicalValue.object(members).encoded()
        files["manifest.json"] = bytes
        files["manifest.json.sig"] = key.sign(bytes)
        let report = Verifier.verify(StatementBundle(files: files), root: nil)
        #expect(try outcome(report, "the manifest is signed by the issuer") == .pass)
        guard case .fail = try outcome(report, "the manifest is in the transparency log") else {
            Issue.record("\(report.checks)")
            return
        }
        files = bundle.files
        files["log-history.txt"] = try ada(try Example(before: ["b\n"], earlier: [1, 3])).files["log-history.txt"]
        let history = Verifier.verify(StatementBundle(files: files), root: nil)
        #expect(try outcome(history, "earlier states of the log are the beginning of this one") != .pass)
    }

    @Test("What was seen is kept in the home and read back; damage is an error, not a blank memory")
    func memory() throws {
        let example = try Example(before: ["a\n"], earlier: [1, 3])
        let root = example.root.publicKey.kid
        let learned = try #require(Verifier.verify(try ada(example), root: root).learned)
        try withTemporaryDirectory { home in
            let store = TrustStore(home: home)
            #expect(try store.memory(of: root) == nil)
            #expect(try store.remember(learned, of: root))
            #expect(try store.memory(of: root) == learned)
            #expect(try store.memory(of: .sha256("another")) == nil)
            let file = home.appending(path: "trusted-\(root.hex).json")
            let bytes = [UInt8](try Data(contentsOf: file))
            for position in stride(from: 0, to: bytes.count, by: 7) {
                var changed = bytes
                changed[position] ^= 1
                try Data(changed).write(to: file)
                do {
                    // The states of the log are not signed: a digit changed there is another memory.
                    #expect(try store.memory(of: root)?.keyring == learned.keyring)
                } catch let error as LaurelError {
                    #expect(error.kind == .environment)
                }
            }
            #expect(try !TrustStore(home: home.appending(path: "none")).remember(learned, of: root))
        }
    }
}

extension TrustMemory {
    /// The same memory with another keyring, as if a bundle with it had been verified.
    fileprivate func with(_ example: Example) throws -> TrustMemory? {
        var members = document.members ?? [:]
        let bytes = try example.keyring.document.encoded()
        members["keyring"] = .string(String(decoding: bytes, as: UTF8.self))
        members["keyring_signature"] = .string(Hex.text(example.root.sign(bytes)))
        return try TrustMemory(.object(members), root: example.root.publicKey.kid)
    }
}
