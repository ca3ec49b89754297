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
            #expect(report.checks.count == 22)
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
            #expect(!script.output.contains("FAIL") && script.output.contains("PASS the manifest is in the log"))
            for name in [
                "statement.json", "manifest.json", "keyring.json", "sumproof.txt", "statement.tlog-proof",
                "statement.html", "statement.json.sig", "manifest.tlog-proof",
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
        for (name, bytes) in bundle.files {
            // These are compared whole: a sample of their bytes says as much as all.
            let step = ["statement.html", "statement.csv", "verify.sh", "README.txt"].contains(name) ? 97 : 1
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
        for name in [
            "statement.json", "sumproof.txt", "statement.tlog-proof", "statement.html", "statement.csv", "README.txt",
        ] {
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
                    .init(kind: .tax, reference: "t", base: .zero, ratePPM: nil, amount: .zero)
                ]
            }
        }
        let report = Verifier.verify(try ada(example), root: nil)
        #expect(!report.isClean)
        #expect(report.checks.contains { $0.name == "the statement is signed by the issuer" && $0.outcome == .pass })
    }

    @Test(
        "A signed statement may say any amount: the verifier refuses it and does not fall",
        arguments: ["9223372036854.775807", "-9223372036854.775808", "-1.000000"])
    func extremeAmounts(amount: String) throws {
        let (example, key) = (try Example(), try Example.key(2))
        let bundle = try ada(example)
        let document = try CanonicalValue.parse(try #require(bundle.files["statement.json"]))
        var count = 0
        for changed in document.replacingMoney(by: .string(amount)) {
            var files = bundle.files
            let bytes = try changed.encoded()
            files["statement.json"] = bytes
            files["statement.json.sig"] = key.sign(bytes)
            #expect(!Verifier.verify(StatementBundle(files: files), root: nil).isClean)
            count += 1
        }
        #expect(count > 15)
    }

    @Test("Arithmetic on amounts at the limits finds the objection and does not trap")
    func limits() throws {
        var input = try #require(try Example.inputs().first)
        input.pool = .init(
            gross: Micros(.max), processingFees: .zero, platformFee: .zero, net: Micros(.max), weightTotal: 7,
            contributorCount: 1, datasetCount: 1)
        for (whole, part) in [(Int64(-1_000_000), Int64(0)), (.min, .min), (.max, .min), (.max - 2, .max)] {
            let line = input.earnings[0]
            input.earnings = [
                .init(
                    datasetID: line.datasetID, contributorID: line.contributorID, title: line.title, role: line.role,
                    sharePPM: 1_000_000, score: nil, stdError: nil, weight: 7, datasetAmount: Micros(whole),
                    amount: Micros(part), usagePeriod: input.period)
            ]
            input.deductions = []
            input.opening = .zero
            input.payout = .init(
                status: .nothingDue, amountMinor: 0, method: "manual", endToEndID: nil, minimumMinor: 0,
                shortfallMinor: nil)
            let document = try StatementDocument(
                id: "x", issuedAt: try Timestamp(parsing: "2026-11-03T09:00:00Z"),
                salt: [UInt8](repeating: 0, count: 16),
                issuer: .init(name: "x", keyID: .sha256("x"), logOrigin: "x"), input: input)
            #expect(StatementArithmetic.lines(document)?.hasPrefix("line 1: ") == true)
        }
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

extension CanonicalValue {
    /// Copies of a document, each with another of its amounts replaced.
    fileprivate func replacingMoney(by other: CanonicalValue) -> [CanonicalValue] {
        switch self {
        case .string(let text): text.wholeMatch(of: /-?[0-9]+\.[0-9]{6}/) == nil ? [] : [other]
        case .integer, .bool: []
        case .array(let elements):
            elements.indices.flatMap { index in
                elements[index].replacingMoney(by: other).map { changed in
                    var elements = elements
                    elements[index] = changed
                    return .array(elements)
                }
            }
        case .object(let members):
            members.keys.sorted().flatMap { key in
                (members[key]?.replacingMoney(by: other) ?? []).map { changed in
                    var members = members
                    members[key] = changed
                    return .object(members)
                }
            }
        }
    }
}
