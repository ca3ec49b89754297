import Foundation
import TestSupport
import Testing

/// An issuer's program in whose books ada and ben share 1,000.00 USD of each month, 3 to 2.
func withMonths(_ months: [String], _ body: (LaurelProgram) async throws -> Void) async throws {
    try await LaurelProgram.withHome { laurel in
        try await laurel.succeed("contributor", "add", "ada", "--name", "Ada Lovelace")
        try await laurel.succeed("contributor", "add", "ben", "--name", "Ben")
        try Data("contributor,weight\nada,3\nben,2\n".utf8).write(to: laurel.folder.appending(path: "w.csv"))
        for month in months {
            try await laurel.succeed(
                "revenue", "add", "--period", month, "--amount", "1000.00", "--currency", "USD", "--source", "shop",
                "--ref", "ref-\(month)")
            try await laurel.succeed("allocate", "--period", month, "--weights", laurel.path("w.csv"))
        }
        try await body(laurel)
    }
}

extension LaurelProgram {
    /// Where the home keeps its private keys.
    var keys: URL { folder.appending(path: "home/keys") }

    /// A path in the test's folder.
    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// The fingerprint of the key that signs for a use now.
    func activeKey(_ use: String) async throws -> String {
        let keys = try await succeed("keys", "list", "--format", "json").rows()
        let key = keys.last { $0["use"] as? String == use && $0["state"] as? String == "active" }
        return try #require(key?["kid"] as? String)
    }
}
