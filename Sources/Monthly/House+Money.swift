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
}
