import ArgumentParser

/// The root of the command line: nouns, each with its verbs, in the order of a month.
struct Laurel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "laurel",
        abstract: "Royalties and contributor credit for generative models.",
        discussion: """
            A month: init, dataset import, snapshot create, model train, credit run, revenue add, allocate,
            statement issue, report payouts. Every step works alone and is safe to repeat.
            """,
        version: "0.1.0",
        subcommands: [
            InitCommand.self, StopCommand.self, DoctorCommand.self, ContributorCommand.self, DatasetCommand.self,
            SnapshotCommand.self,
            ModelCommand.self, CreditCommand.self, EvaluateCommand.self,
            StatementCommand.self, VerifyCommand.self, KeysCommand.self, LogCommand.self,
            RevenueCommand.self, PeriodCommand.self, AllocateCommand.self, LedgerCommand.self, TermsCommand.self,
            AdvanceCommand.self, HoldCommand.self, WriteOffCommand.self, TaxCommand.self, PaymentCommand.self,
            ReportCommand.self,
            CheckCommand.self,
        ]
    )
}
