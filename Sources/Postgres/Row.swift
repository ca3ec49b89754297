/// One row of a result: columns by name, decoded when asked for.
package struct Row: Sendable {
    /// The names of the columns with their positions, shared by all rows of a result.
    final class Columns: Sendable {
        let names: [String]
        let positions: [String: Int]

        init(names: [String]) {
            self.names = names
            positions = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    let columns: Columns
    let values: [String?]

    /// The names of the columns in order.
    package var columnNames: [String] { columns.names }

    /// The value of a column.
    ///
    /// - Throws: ``PostgresError`` with SQLSTATE 42703 when there is no such column, 22002 when the value is NULL and the
    ///   type is not optional, 42804 when the text does not fit the type.
    package func get<Value: PostgresValue>(_ column: String, as type: Value.Type = Value.self) throws -> Value {
        guard let position = columns.positions[column] else {
            throw PostgresError(
                sqlState: "42703",
                message: "column \"\(column)\" is not in the result (\(columns.names.joined(separator: ", ")))")
        }
        if let value = Value.decoded(from: values[position]) { return value }
        if values[position] == nil {
            throw PostgresError(sqlState: "22002", message: "column \"\(column)\" is NULL, \(Value.self) was asked for")
        }
        throw PostgresError(sqlState: "42804", message: "column \"\(column)\" does not hold a \(Value.self)")
    }
}
