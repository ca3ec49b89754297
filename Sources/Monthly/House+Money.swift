package import Documents
package import Ledger

extension House {
    /// The books.
    package var ledger: Ledger { Ledger(database: database) }
    /// Takes revenue in.
    package var revenue: RevenueService { RevenueService(ledger: ledger) }
    /// Shares pools.
    package var allocation: AllocationService { AllocationService(self) }
    /// Writes reports.
    package var reports: ReportService { ReportService(ledger: ledger) }

    /// Closes a period for good and seals its journals in the log, while nobody else appends to the log.
    ///
    /// - Returns: false when it was closed already.
    /// - Throws: `LaurelError` of kind `refused` while an earlier period is open or a pool is not shared.
    package func close(_ period: Period, posting: Posting = .plain) async throws -> Bool {
        try await whileSigning { try await ledger.closePeriod(period, posting: posting) }
    }
}
