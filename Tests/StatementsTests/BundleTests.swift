import Documents
import Errors
import Foundation
import Money
import Statements
import Testing

@Suite("Bundles")
struct BundleTests {
    private func ada(_ example: Example) throws -> StatementBundle { try #require(example.bundles["ada"]) }

    @Test("A fresh bundle passes every check, for every payee")
    func clean() throws {
        let example = try Example()
        for bundle in example.bundles.values {
            let report = Verifier.verify(bundle, root: example.root.publicKey.kid)
            #expect(report.isClean, "\(report.checks.filter { $0.outcome != .pass })")
            #expect(report.isRootTrusted == true)
            #expect(report.checks.count == 17)
        }
    }

    @Test("openssl, sha256sum and bash accept a bundle, and refuse it when one byte is changed")
    func stockTools() throws {
        let bundle = try ada(try Example())
        try withTemporaryDirectory { directory in
            try bundle.write(to: directory)
            let signature = try run(
                "openssl",
                [
                    "pkeyutl", "-verify", "-pubin", "-inkey", "issuer.pub.pem", "-rawin", "-in", "statement.json",
                    "-sigfile", "statement.json.sig",
                ], in: directory)
            #expect(signature.status == 0, "\(signature.output)")
            let script = try run("bash", ["verify.sh"], in: directory)
            #expect(script.status == 0, "\(script.output)")
            #expect(!script.output.contains("FAIL") && script.output.contains("PASS the statement is in the log"))
            for name in [
                "statement.json", "manifest.json", "keyring.json", "sumproof.txt", "statement.tlog-proof",
                "statement.html", "statement.json.sig",
            ] {
                var bytes = try #require(bundle.files[name])
                bytes[bytes.count / 2] ^= 1
                try Data(bytes).write(to: directory.appending(path: name))
                let changed = try run("bash", ["verify.sh"], in: directory)
                #expect(changed.status == 1, "\(name): \(changed.output)")
                try Data(try #require(bundle.files[name])).write(to: directory.appending(path: name))
            }
        }
    }

    @Test("Every changed byte of every file that counts is found")
    func mutations() throws {
        let example = try Example()
        let bundle = try ada(example)
        for (name, bytes) in bundle.files where name != "README.txt" && name != "verify.sh" {
            // Attachments are bound by digest alone: a sample of their bytes says as much as all.
            let step = name == "statement.html" || name == "statement.csv" ? 97 : 1
            for position in stride(from: 0, to: bytes.count, by: step) {
                var files = bundle.files
                files[name]?[position] ^= 1 << (position % 8)
                let report = Verifier.verify(StatementBundle(files: files), root: nil)
                #expect(!report.isClean, "\(name), byte \(position)")
            }
            var files = bundle.files
            files[name]?.append(UInt8(ascii: "\n"))
            #expect(!Verifier.verify(StatementBundle(files: files), root: nil).isClean, "\(name) with a byte more")
            files[name] = nil
            #expect(!Verifier.verify(StatementBundle(files: files), root: nil).isClean, "without \(name)")
        }
    }

    @Test("Another root than the trusted one is noticed")
    func wrongRoot() throws {
        let report = Verifier.verify(try ada(try Example()), root: .sha256("another"))
        #expect(report.isRootTrusted == false)
        #expect(!report.isClean)
    }

    @Test("Files of one payee do not pass with another's")
    func mixedBundles() throws {
        let example = try Example()
        let (ada, ben) = (try ada(example), try #require(example.bundles["ben"]))
        for name in ["statement.json", "sumproof.txt", "statement.tlog-proof", "statement.html", "statement.csv"] {
            var files = ada.files
            files[name] = ben.files[name]
            files[name + ".sig"] = ben.files[name + ".sig"] ?? ada.files[name + ".sig"]
            #expect(!Verifier.verify(StatementBundle(files: files), root: nil).isClean, "\(name)")
        }
    }

    @Test(
        "A signed statement whose numbers do not add up fails",
        arguments: ["line", "weight", "share", "pool", "status", "deduction"])
    func wrongNumbers(kind: String) throws {
        let example = try Example { input in
            let line = input.earnings[0]
            func changed(weight: UInt128? = nil, dataset: Int64 = 0, amount: Int64 = 0) -> StatementInput.Earning {
                .init(
                    datasetID: line.datasetID, contributorID: line.contributorID, title: line.title, role: line.role,
                    sharePPM: line.sharePPM, score: line.score, stdError: line.stdError, weight: weight ?? line.weight,
                    datasetAmount: Micros(line.datasetAmount.value + dataset),
                    amount: Micros(line.amount.value + amount),
                    usagePeriod: line.usagePeriod)
            }
            switch kind {
            case "line": input.earnings[0] = changed(dataset: 2, amount: 2)
            case "weight": input.earnings[0] = changed(weight: line.weight + 1_000_000)
            case "share": input.earnings[0] = changed(amount: -2)
            case "pool":
                let pool = input.pool
                input.pool = .init(
                    gross: Micros(pool.gross.value + 1), processingFees: pool.processingFees,
                    platformFee: pool.platformFee, net: pool.net, weightTotal: pool.weightTotal,
                    contributorCount: 3, datasetCount: 3)
            case "status":
                input.payout = .init(
                    status: .onHold, amountMinor: 100, method: "manual", endToEndID: nil, minimumMinor: 0,
                    shortfallMinor: nil)
            default:
                input.deductions = [
                    .init(kind: .tax, reference: "t", base: .zero, ratePPM: nil, amount: Micros(-5))
                ]
            }
        }
        let report = Verifier.verify(try ada(example), root: nil)
        #expect(!report.isClean)
        #expect(report.checks.contains { $0.name == "the statement is signed by the issuer" && $0.outcome == .pass })
    }

    @Test("The opening balance must be the previous closing balance")
    func previous() throws {
        let example = try Example()
        let old = try Example { input in
            input.period = input.period.previous ?? input.period
            if input.payee.partyID == "ada" { input.opening = Micros(0) }
        }
        let closing = try #require(
            Verifier.verify(try ada(old), root: nil).statement?.balance.closing)
        let name = "the opening balance is the previous closing balance"
        let wrong = Verifier.verify(try ada(example), root: nil, previous: try ada(old))
        #expect(wrong.checks.contains { $0.name == name && $0.outcome != .pass })
        let right = try Example { if $0.payee.partyID == "ada" { $0.opening = closing } }
        let report = Verifier.verify(try ada(right), root: nil, previous: try ada(old))
        #expect(report.checks.contains { $0.name == name && $0.outcome == .pass })
        let itself = Verifier.verify(try ada(example), root: nil, previous: try ada(example))
        #expect(itself.checks.contains { $0.name == name && $0.outcome != .pass })
    }

    @Test("A ZIP of the directory is the same bundle; damaged and hostile archives are refused")
    func archives() throws {
        let example = try Example()
        let bundle = try ada(example)
        try withTemporaryDirectory { directory in
            try bundle.write(to: directory.appending(path: "ada"))
            #expect(try run("zip", ["-qr", "ada.zip", "ada"], in: directory).status == 0)
            let url = directory.appending(path: "ada.zip")
            #expect(try StatementBundle(at: url).files == bundle.files)
            let bytes = [UInt8](try Data(contentsOf: url))
            for position in stride(from: 0, to: bytes.count, by: 41) {
                var changed = bytes
                changed[position] ^= 0xFF
                try Data(changed).write(to: url)
                do {
                    // A change in what ZIP ignores (times, for instance) leaves the same files.
                    let read = try StatementBundle(at: url)
                    let isSame = read.files == bundle.files
                    #expect(isSame || !Verifier.verify(read, root: nil).isClean)
                } catch let error as LaurelError {
                    #expect(error.kind == .input)
                }
            }
            try Data(bytes.prefix(bytes.count / 2)).write(to: url)
            #expect(throws: LaurelError.self) { try StatementBundle(at: url) }
        }
    }

    @Test("No bundle is unusable input")
    func missing() throws {
        try withTemporaryDirectory { directory in
            let none = try #require(throws: LaurelError.self) {
                try StatementBundle(at: directory.appending(path: "x"))
            }
            #expect(none.kind == .input)
            let empty = try #require(throws: LaurelError.self) { try StatementBundle(at: directory) }
            #expect(empty.problem == "bundle has no statement.json")
        }
    }
}
