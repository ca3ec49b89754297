import Documents
import Money

extension StatementDocument {
    /// The lines of earnings for a spreadsheet: every row carries its whole fraction, pool × weight ÷ total weight.
    var csv: [UInt8] {
        var writer = CSVWriter(columns: [
            ("statement_id", .text), ("period", .text), ("dataset_id", .text), ("contributor_id", .text),
            ("title", .text), ("role", .text), ("usage_period", .text), ("pool_net", .number), ("weight", .number),
            ("weight_total", .number), ("dataset_amount", .number), ("share_ppm", .number), ("amount", .number),
            ("currency", .text),
        ])
        for line in input.earnings {
            writer.append([
                id, input.period.description, line.datasetID ?? "", line.contributorID, line.title, line.role,
                line.usagePeriod.description, input.pool.net.formatted, String(line.weight),
                String(input.pool.weightTotal), line.datasetAmount.formatted, String(line.sharePPM),
                line.amount.formatted, input.currency.code,
            ])
        }
        return writer.bytes
    }
}
