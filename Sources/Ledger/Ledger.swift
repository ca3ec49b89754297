import Errors
package import Postgres

/// The books: a thin shell around the functions of schema `ledger`, where the law of the money lives.
///
/// Every method is one transaction and safe to repeat. What the database refuses arrives as `LaurelError`.
package struct Ledger: Sendable {
    /// The database that holds the books.
    package let database: Database

    package init(database: Database) {
        self.database = database
    }

    /// Rows of a reading statement.
    func rows(_ sql: SQL) async throws -> [Row] {
        try await forPeople { try await database.query(sql) }
    }

    /// Runs a body and turns what the database refused into the error that reaches a person.
    func forPeople<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as PostgresError {
            throw error.asMoneyError()
        }
    }
}

extension PostgresError {
    /// Numbers that do not fit are unusable input; everything else is as the client says.
    func asMoneyError() -> LaurelError {
        switch sqlState {
        case "22003":
            .input("a sum is more than an amount can hold", at: detail, next: "split it into smaller amounts")
        case "23503" where constraint?.contains("party") == true:
            .input("there is no such party", at: detail, next: "laurel contributor add ID --name NAME")
        case "23514":
            .input(
                "a value is outside what the books take", at: constraint ?? message,
                next: "compare what you wrote with the command's --help")
        default: asLaurelError()
        }
    }
}
