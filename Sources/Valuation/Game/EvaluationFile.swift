import Documents
package import Errors

/// Stored evaluations as a CSV file: `coalition,value[,variance][,seed]`, several properties as `value:NAME`.
///
/// The players of a coalition are joined by `|`, an empty cell is the empty coalition, repeats are allowed. The variance
/// of property NAME stands in `variance:NAME`; a plain `variance` belongs to a plain `value`.
package struct EvaluationFile: Sendable {
    /// The players in the order of the results: as given, else sorted by bytes.
    package let players: [String]
    /// The properties in the order of the columns; the plain `value` column is called `value`.
    package let properties: [String]
    /// For each property its rows in file order.
    package let rows: [String: [EvaluationRow]]

    /// Evaluations in memory, to be written.
    package init(players: [String], properties: [(name: String, rows: [EvaluationRow])]) {
        self.players = players
        self.properties = properties.map(\.name)
        rows = Dictionary(uniqueKeysWithValues: properties.map { ($0.name, $0.rows) })
    }

    /// Reads a file's bytes.
    ///
    /// - Parameters:
    ///   - bytes: the file.
    ///   - file: what to call it in errors.
    ///   - known: the players of the game; nil takes everyone who is named in a coalition.
    /// - Throws: ``LaurelError`` of kind `input` at `file:line:column` for whatever is no evaluation of this game.
    package init(parsing bytes: [UInt8], file: String, players known: [String]? = nil) throws(LaurelError) {
        let table = try CSVTable(parsing: bytes, file: file, required: ["coalition"])
        let columns = try EvaluationFile.valueColumns(of: table)
        let lists = try table.rows.map { row throws(LaurelError) in try EvaluationFile.members(of: row) }
        let names: [String]
        if let known {
            try EvaluationFile.check(players: known)
            names = known
        } else {
            names = Set(lists.joined()).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        let index = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        var byProperty: [String: [EvaluationRow]] = [:]
        for column in columns { byProperty[column.property] = [] }
        for (row, list) in zip(table.rows, lists) {
            var coalition = Coalition(playerCount: names.count)
            for name in list {
                guard let player = index[name] else {
                    throw LaurelError.input(
                        "player \(name) is unknown", at: row.place("coalition"), next: "name all players, or none")
                }
                coalition.insert(player)
            }
            let seed = try EvaluationFile.seed(of: row)
            for column in columns {
                let evaluation = try EvaluationFile.evaluation(of: row, column, coalition, seed)
                byProperty[column.property]?.append(evaluation)
            }
        }
        self.players = names
        properties = columns.map(\.property)
        rows = byProperty
    }

    private struct ValueColumn {
        let property: String
        let value: String
        let variance: String
    }

    private static func valueColumns(of table: CSVTable) throws(LaurelError) -> [ValueColumn] {
        var columns: [ValueColumn] = []
        for name in table.header {
            if name == "value" {
                columns.append(ValueColumn(property: "value", value: "value", variance: "variance"))
            } else if name.hasPrefix("value:") {
                let property = String(name.dropFirst("value:".count))
                columns.append(ValueColumn(property: property, value: name, variance: "variance:\(property)"))
            }
        }
        guard !columns.isEmpty else {
            throw LaurelError.input(
                "column value is missing", at: "\(table.file):1:1",
                next: "add a column value, or value:NAME for each property")
        }
        guard Set(columns.map(\.property)).count == columns.count else {
            throw LaurelError.input(
                "column value:value means the same as value", at: "\(table.file):1:1", next: "keep one of them")
        }
        return columns
    }

    private static func check(players: [String]) throws(LaurelError) {
        if players.isEmpty { throw LaurelError.input("there are no players", next: "name at least one") }
        var seen: Set<String> = []
        for name in players {
            if name.isEmpty || name.contains("|") {
                throw LaurelError.input(
                    "player name \"\(name)\" cannot stand in a coalition",
                    next: "use names that are not empty and hold no |")
            }
            if !seen.insert(name).inserted {
                throw LaurelError.input("player \(name) is named twice", next: "name each player once")
            }
        }
    }

    private static func members(of row: CSVRow) throws(LaurelError) -> [String] {
        guard let cell = row["coalition"], !cell.isEmpty else { return [] }
        let names = cell.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        if names.contains(where: \.isEmpty) {
            throw LaurelError.input(
                "coalition has an empty player name", at: row.place("coalition"), next: "join players by a single |")
        }
        if Set(names).count != names.count {
            throw LaurelError.input(
                "coalition names a player twice", at: row.place("coalition"), next: "name each player once")
        }
        return names
    }

    private static func seed(of row: CSVRow) throws(LaurelError) -> UInt64? {
        guard let cell = row["seed"], !cell.isEmpty else { return nil }
        guard let seed = UInt64(cell) else {
            throw LaurelError.input(
                "seed \(cell) is no whole number of 64 bits", at: row.place("seed"),
                next: "correct it or leave it empty")
        }
        return seed
    }

    private static func evaluation(
        of row: CSVRow, _ column: ValueColumn, _ coalition: Coalition, _ seed: UInt64?
    ) throws(LaurelError) -> EvaluationRow {
        let value = try number(row[column.value] ?? "", what: "value", at: row.place(column.value))
        var variance: Double?
        if let cell = row[column.variance], !cell.isEmpty {
            let parsed = try number(cell, what: "variance", at: row.place(column.variance))
            guard parsed >= 0 else {
                throw LaurelError.input(
                    "variance \(cell) is negative", at: row.place(column.variance), next: "correct it or leave it empty"
                )
            }
            variance = parsed
        }
        return EvaluationRow(coalition: coalition, value: value, variance: variance, seed: seed)
    }

    private static func number(_ text: String, what: String, at place: String) throws(LaurelError) -> Double {
        guard let value = Double(text) else {
            throw LaurelError.input(
                text.isEmpty ? "\(what) is empty" : "\(what) \(text) is no number", at: place,
                next: "write a decimal number such as 3.25")
        }
        guard value.isFinite else {
            throw LaurelError.input("\(what) \(text) is not finite", at: place, next: "evaluate this coalition again")
        }
        return value
    }

    /// The file's bytes, for machines (no formula guard); shortest decimals that read back to the same numbers.
    ///
    /// All properties must have rows of the same coalitions and seeds in the same order.
    package func bytes() -> [UInt8] {
        var columns: [(name: String, kind: CSVWriter.Kind)] = [("coalition", .text)]
        for name in properties {
            columns.append((name == "value" ? "value" : "value:\(name)", .number))
            columns.append((name == "value" ? "variance" : "variance:\(name)", .number))
        }
        columns.append(("seed", .number))
        var writer = CSVWriter(columns: columns, raw: true)
        let lists = properties.map { rows[$0] ?? [] }
        guard let first = lists.first else { return writer.bytes }
        precondition(lists.allSatisfy { $0.count == first.count }, "properties are measured on the same evaluations")
        for (position, row) in first.enumerated() {
            var cells = [row.coalition.members.map { players[$0] }.joined(separator: "|")]
            for list in lists {
                precondition(list[position].coalition == row.coalition, "properties share their coalitions")
                cells.append("\(list[position].value)")
                cells.append(list[position].variance.map { "\($0)" } ?? "")
            }
            cells.append(row.seed.map { "\($0)" } ?? "")
            writer.append(cells)
        }
        return writer.bytes
    }
}
