import CLibPQ

/// Owns one result of libpq.
struct Result: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        PQclear(pointer)
    }

    var status: ExecStatusType { PQresultStatus(pointer) }

    /// What the server says that it did, such as `INSERT 0 1` or `ROLLBACK`.
    var commandTag: String { String(cString: PQcmdStatus(pointer)) }

    /// Rows that an INSERT, UPDATE, DELETE, MERGE, SELECT or COPY touched; 0 for other commands.
    var affectedRows: Int {
        Int(String(cString: PQcmdTuples(pointer))) ?? 0
    }

    /// All rows, as text.
    var rows: [Row] {
        let columnCount = PQnfields(pointer)
        let columns = Row.Columns(names: (0..<columnCount).map { String(cString: PQfname(pointer, $0)) })
        return (0..<PQntuples(pointer)).map { row in
            Row(columns: columns, values: (0..<columnCount).map { value(row: row, column: $0) })
        }
    }

    private func value(row: Int32, column: Int32) -> String? {
        guard PQgetisnull(pointer, row, column) == 0, let start = PQgetvalue(pointer, row, column) else { return nil }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(pointer, row, column)))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The error that this result carries.
    func error(otherwise message: String) -> PostgresError {
        var error = PostgresError(
            // libpq makes results without SQLSTATE for what it found itself: the connection broke.
            sqlState: field("C") ?? "08006",
            message: oneLine(field("M") ?? message))
        error.detail = field("D")
        error.hint = field("H")
        error.constraint = field("n")
        error.table = field("t")
        error.column = field("c")
        error.context = field("W")
        return error
    }

    /// A field of the error by libpq's letter for it (`PG_DIAG_…`, macros that Swift cannot import).
    private func field(_ letter: Unicode.Scalar) -> String? {
        PQresultErrorField(pointer, Int32(letter.value)).map { String(cString: $0) }
    }
}
