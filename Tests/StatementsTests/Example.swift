import Documents
import Foundation
import Money
import Statements

/// A run of three payees with fixed keys and bytes, as bundles.
struct Example {
    let root: PrivateKey
    let keyring: Keyring
    let run: IssuedRun
    /// By party.
    let bundles: [String: StatementBundle]

    static let weights: [(id: String, weight: UInt64)] = [
        ("ada", 512_345_678_901), ("ben", 301_000_000_007), ("zoe", 977),
    ]

    static func key(_ byte: UInt8) throws -> PrivateKey {
        guard let key = PrivateKey(seed: [UInt8](repeating: byte, count: 32)) else { throw ExampleError() }
        return key
    }

    /// - Parameters:
    ///   - keyring: another one than ``firstKeyring()``.
    ///   - logKey: signs the checkpoint.
    ///   - before, after: entries of the log around the run's own.
    ///   - earlier: sizes of the log that the history proves.
    ///   - change: makes other inputs of the usual ones.
    init(
        keyring: Keyring? = nil, logKey: PrivateKey? = nil, before: [String] = [],
        after: [String] = ["other\n"], earlier: [Int] = [], mutating change: (inout StatementInput) -> Void = { _ in }
    ) throws {
        root = try Self.key(1)
        let statementKey = try Self.key(2)
        self.keyring = try keyring ?? Self.firstKeyring()
        let inputs = try Self.inputs().map { input in
            var input = input
            change(&input)
            return input
        }
        var counter: UInt8 = 0
        run = try Issuance(
            issuerName: self.keyring.issuer, logOrigin: "laurel.example/log", root: root.publicKey.kid,
            key: statementKey,
            issuedAt: Self.firstKeyring().issuedAt, issuedBy: "operator", previousManifest: nil
        ).issue(inputs) { count in
            counter += 37
            return [UInt8](repeating: counter, count: count)
        }
        let entries =
            before + run.statements.map { LogProof.entry(ofStatement: $0.sha256) }
            + [LogProof.entry(ofManifest: .sha256(run.manifestBytes))] + after
        let leaves = entries.map { LogTree.leafHash(Array($0.utf8)) }
        let tree = LogTreeLevels(leaves)
        let checkpoint = Checkpoint(
            origin: "laurel.example/log", size: UInt64(leaves.count), root: tree.root, key: try logKey ?? Self.key(3))
        func proof(_ index: Int) -> LogProof {
            LogProof(index: UInt64(index), path: tree.inclusionProof(of: index), checkpoint: checkpoint)
        }
        let keyringBytes = try self.keyring.document.encoded()
        let writer = try BundleWriter(
            keyringBytes: keyringBytes, keyringSignature: root.sign(keyringBytes),
            history: LogHistory(
                states: earlier.map { size in
                    .init(
                        size: UInt64(size), root: LogTree.root(leaves.prefix(size)),
                        proof: tree.consistencyProof(from: size))
                }))
        var bundles: [String: StatementBundle] = [:]
        for (index, statement) in run.statements.enumerated() {
            bundles[statement.document.input.payee.partyID] = try writer.bundle(
                .init(
                    bytes: statement.bytes, signature: statement.signature, attachments: statement.attachments,
                    manifest: run.manifestBytes, manifestSignature: run.manifestSignature, sumProof: statement.proof,
                    logProof: proof(before.count + index), manifestProof: proof(before.count + run.statements.count)))
        }
        self.bundles = bundles
    }

    /// One active key a use: seeds 1, 2 and 3.
    static func firstKeyring() throws -> Keyring {
        .first(
            issuer: "Éditions Laurel & Sons",
            keys: [(.root, try key(1).publicKey), (.statement, try key(2).publicKey), (.log, try key(3).publicKey)],
            at: try Timestamp(parsing: "2026-11-03T09:00:00Z"))
    }

    /// What the books say of each payee.
    static func inputs() throws -> [StatementInput] {
        let currency = try Currency.named("USD")
        let net = Micros(9_700_000_001)
        guard let shares = largestRemainder(pool: net.value, weights: weights) else { throw ExampleError() }
        let period = try Period(parsing: "2026-10")
        let names = ["ada": "Ada Lovelace", "ben": "Ben \"Ink\" O’Neill", "zoe": "Zoë <Studio>"]
        return try shares.map { share in
            var input = StatementInput(
                period: period, payee: .init(partyID: share.id, displayName: names[share.id] ?? share.id),
                currency: currency,
                run: .init(
                    payoutRunID: "payout-2026-10-usd", creditRunID: "run-2026-10-1", allocationID: "1",
                    policySHA256: .sha256("policy"), scoreSetSHA256: .sha256("scores"), modelSHA256: .sha256("model")),
                pool: .init(
                    gross: Micros(10_000_000_001), processingFees: Micros(300_000_000), platformFee: .zero, net: net,
                    weightTotal: UInt128(weights.reduce(0) { $0 + $1.weight }), contributorCount: 3, datasetCount: 3),
                earnings: [
                    .init(
                        datasetID: "\(share.id)-drawings", contributorID: share.id, title: "Drawings, 2019–2026",
                        role: "contributor", sharePPM: 1_000_000, score: "0.512345678901", stdError: "0.031",
                        weight: UInt128(share.weight), datasetAmount: Micros(share.amount),
                        amount: Micros(share.amount), usagePeriod: period)
                ],
                credits: [
                    .init(
                        property: "inception_score", value: "0.51234", stdError: "0.061", low: "0.39278",
                        high: "0.6319", lowerIsBetter: false),
                    .init(
                        property: "frechet_distance", value: "-0.0213", stdError: "0.02", low: "-0.0605",
                        high: "0.0179", lowerIsBetter: true),
                ],
                opening: Micros(share.id == "ada" ? 3_456_789 : 0), payout: try payout(share, currency))
            input.disputeURL = "mailto:royalties@example.org"
            input.disputeUntil = try Day(parsing: "2026-12-31")
            if share.id == "ada" {
                input.deductions = [
                    .init(
                        kind: .recoupment, reference: "advance-7", base: Micros(share.amount), ratePPM: 100_000,
                        amount: Micros(share.amount / 10))
                ]
                input.advances = [
                    .init(
                        id: "advance-7", original: Micros(2_000_000_000), recoupedToDate: Micros(share.amount / 10),
                        outstanding: Micros(2_000_000_000 - share.amount / 10))
                ]
            }
            return input
        }
    }

    private static func payout(_ share: AllocationShare, _ currency: Currency) throws -> StatementInput.Payout {
        let balance = share.id == "ada" ? 3_456_789 + share.amount - share.amount / 10 : share.amount
        let minor = balance / currency.microsPerMinorUnit
        return minor >= 2500
            ? .init(
                status: .scheduled, amountMinor: minor, method: "bank transfer (SEPA)", endToEndID: "p-1",
                minimumMinor: 2500, shortfallMinor: nil)
            : .init(
                status: .belowMinimum, amountMinor: 0, method: "manual", endToEndID: nil, minimumMinor: 2500,
                shortfallMinor: 2500 - minor)
    }
}

struct ExampleError: Error {}

/// Runs a program in a directory and gives its exit status and output.
func run(_ program: String, _ arguments: [String], in directory: URL) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.currentDirectoryURL = directory
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}

/// Gives a directory that is gone afterwards.
func withTemporaryDirectory(_ body: (URL) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "statements-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    do {
        try body(directory)
    } catch {
        try FileManager.default.removeItem(at: directory)
        throw error
    }
    try FileManager.default.removeItem(at: directory)
}
