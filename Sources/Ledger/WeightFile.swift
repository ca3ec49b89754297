package import Documents
import Errors

/// Weights that a pool is shared by, from a file or a credit run.
package struct Weights: Sendable {
    /// One weight: of a contributor, or of one of its datasets.
    package struct Entry: Hashable, Sendable {
        package let contributor: String
        /// Empty when the weight is the contributor's as a whole.
        package let dataset: String
        package let weight: Int64

        package init(contributor: String, dataset: String = "", weight: Int64) {
            self.contributor = contributor
            self.dataset = dataset
            self.weight = weight
        }

        /// What breaks ties.
        var id: String { dataset.isEmpty ? contributor : dataset }
    }

    /// Sorted by id as bytes, no id twice.
    package let entries: [Entry]
    /// Identifies the weights whatever order they came in.
    package let digest: Digest

    /// Sorts and digests; refuses an id that comes twice.
    package init(_ entries: [Entry]) throws {
        let sorted = entries.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        for (one, next) in zip(sorted, sorted.dropFirst()) where one.id.utf8.elementsEqual(next.id.utf8) {
            throw LaurelError.input("\"\(one.id)\" has two weights", next: "give each one weight")
        }
        self.entries = sorted
        digest = .sha256(sorted.map { "\($0.contributor),\($0.dataset),\($0.weight)\n" }.joined())
    }

    /// Reads `contributor,weight` and perhaps `dataset`; weights are whole numbers from 0 to 2⁶³−1.
    ///
    /// - Parameters:
    ///   - bytes: the file.
    ///   - file: what to call it in errors.
    ///   - contributors: who is registered; nil leaves it to the database, which knows no line.
    ///   - owners: the contributors of registered datasets; one that is not registered may be anybody's.
    /// - Throws: `input` at the line and column.
    package init(parsing bytes: [UInt8], file: String, contributors: Set<String>? = nil, owners: [String: String] = [:])
        throws
    {
        let table = try CSVTable(
            parsing: bytes, file: file, required: ["contributor", "weight"], optional: ["dataset"], allowOther: false)
        var seen: [String: Int] = [:]
        var entries: [Entry] = []
        entries.reserveCapacity(table.rows.count)
        for row in table.rows {
            let text = row["weight"] ?? ""
            let digits = Array(text.utf8)
            let isPlain = !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard isPlain, digits.count == 1 || digits[0] != UInt8(ascii: "0"), let weight = Int64(text) else {
                throw LaurelError.input(
                    "\"\(text.prefix(40))\" is no weight", at: row.place("weight"),
                    next: "write a whole number from 0 to 9223372036854775807")
            }
            let entry = Entry(contributor: row["contributor"] ?? "", dataset: row["dataset"] ?? "", weight: weight)
            guard !entry.contributor.isEmpty else {
                throw LaurelError.input(
                    "the contributor is missing", at: row.place("contributor"), next: "write the contributor's id")
            }
            if let contributors, !contributors.contains(entry.contributor) {
                throw LaurelError.input(
                    "there is no contributor \"\(entry.contributor.prefix(40))\"", at: row.place("contributor"),
                    next: "laurel contributor add \(entry.contributor.prefix(40)) --name NAME")
            }
            if !entry.dataset.isEmpty {
                try PlainText.checkEntry(entry.dataset, called: "dataset", at: row.place("dataset"), atMost: 128)
                if let owner = owners[entry.dataset], owner != entry.contributor {
                    throw LaurelError.input(
                        "the dataset \(entry.dataset) is \(owner)'s, not \(entry.contributor)'s",
                        at: row.place("dataset"), next: "write its contributor, or leave the dataset out")
                }
            }
            if let line = seen.updateValue(row.line, forKey: entry.id) {
                throw LaurelError.input(
                    "\"\(entry.id)\" already has a weight in line \(line)", at: row.place("contributor"),
                    next: "give each one weight")
            }
            entries.append(entry)
        }
        try self.init(entries)
    }
}
