package import Documents
import Errors
package import Money

/// A statement: what its payee earned, why, and what is paid. Its canonical bytes are what is signed, stored and kept.
package struct StatementDocument: Hashable, Sendable {
    /// Who vouches for the statement.
    package struct Issuer: Hashable, Sendable {
        package let name: String
        /// Fingerprint of the statement key.
        package let keyID: Digest
        /// Name of the transparency log.
        package let logOrigin: String

        package init(name: String, keyID: Digest, logOrigin: String) {
            self.name = name
            self.keyID = keyID
            self.logOrigin = logOrigin
        }
    }

    /// The version that this one replaces.
    package struct Superseded: Hashable, Sendable {
        package let statementID: String
        package let sha256: Digest

        package init(statementID: String, sha256: Digest) {
            self.statementID = statementID
            self.sha256 = sha256
        }
    }

    /// One identity: opening + earned + adjusted + released − deducted − paid = closing.
    package struct Balance: Hashable, Sendable {
        package let opening: Micros
        package let earned: Micros
        package let adjusted: Micros
        package let deducted: Micros
        package let released: Micros
        package let paid: Micros
        package let closing: Micros
    }

    /// A file that belongs to the statement.
    package struct Attachment: Hashable, Sendable {
        package let name: String
        package let mediaType: String
        package let sha256: Digest
        package let bytes: Int64

        package init(name: String, mediaType: String, content: [UInt8]) {
            self.name = name
            self.mediaType = mediaType
            self.sha256 = .sha256(content)
            self.bytes = Int64(content.count)
        }

        init(name: String, mediaType: String, sha256: Digest, bytes: Int64) {
            self.name = name
            self.mediaType = mediaType
            self.sha256 = sha256
            self.bytes = bytes
        }
    }

    package static let schema = "laurel/payout-statement/v1"
    /// The most lines of earnings in one statement.
    package static let maximumLines = 10_000

    package let id: String
    package let supersedes: Superseded?
    package let issuedAt: Timestamp
    /// 16 random bytes that keep others from guessing the statement behind its public digest.
    package let salt: [UInt8]
    package let issuer: Issuer
    package let input: StatementInput
    package let balance: Balance
    package var attachments: [Attachment] = []

    /// A statement of what the books say; earnings are put in their order and the balance is computed.
    ///
    /// - Throws: ``LaurelError`` of kind `input` when a sum exceeds what an amount can hold, or there are too many lines.
    package init(
        id: String, supersedes: Superseded? = nil, issuedAt: Timestamp, salt: [UInt8], issuer: Issuer,
        input: StatementInput
    ) throws {
        precondition(salt.count == 16, "a salt has 16 bytes")
        guard input.earnings.count <= Self.maximumLines else {
            throw LaurelError.input("statement has more than \(Self.maximumLines) lines", at: id)
        }
        var input = input
        input.earnings.sort { $0.sortKey.lexicographicallyPrecedes($1.sortKey) }
        self.id = id
        self.supersedes = supersedes
        self.issuedAt = issuedAt
        self.salt = salt
        self.issuer = issuer
        self.input = input
        self.balance = try input.balance()
    }

    init(
        id: String, supersedes: Superseded?, issuedAt: Timestamp, salt: [UInt8], issuer: Issuer,
        input: StatementInput, balance: Balance, attachments: [Attachment]
    ) {
        self.id = id
        self.supersedes = supersedes
        self.issuedAt = issuedAt
        self.salt = salt
        self.issuer = issuer
        self.input = input
        self.balance = balance
        self.attachments = attachments
    }
}

extension StatementInput {
    /// The balance that follows from the parts.
    func balance() throws -> StatementDocument.Balance {
        let earned = try Micros.total(earnings.map(\.amount))
        let adjusted = try Micros.total(adjustments.map(\.amount))
        let deducted = try Micros.total(deductions.map(\.amount))
        let released = try Micros.total(releases.map(\.amount))
        let (paid, overflow) = payout.amountMinor.multipliedReportingOverflow(by: currency.microsPerMinorUnit)
        guard !overflow else { throw LaurelError.input("payment exceeds what an amount can hold", at: payee.partyID) }
        let closing = try Micros.total([
            opening, earned, adjusted, released, Micros(0) - deducted, Micros(0) - Micros(paid),
        ])
        return StatementDocument.Balance(
            opening: opening, earned: earned, adjusted: adjusted, deducted: deducted, released: released,
            paid: Micros(paid), closing: closing)
    }
}

extension StatementInput.Earning {
    /// Dataset, role and contributor as bytes, apart by zero bytes: the order of the lines.
    var sortKey: [UInt8] {
        Array((datasetID ?? "").utf8) + [0] + Array(role.utf8) + [0] + Array(contributorID.utf8)
    }
}
