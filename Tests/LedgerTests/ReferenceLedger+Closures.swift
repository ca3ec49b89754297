extension ReferenceLedger {
    /// An advance comes back whole, or not at all.
    mutating func cancel(_ reference: String, in period: Int) -> Outcome {
        guard let index = advances.firstIndex(where: { $0.reference == reference }) else { return .unusable }
        let advance = advances[index]
        if advance.isCancelled { return .done("unchanged") }
        guard advance.outstanding == advance.amount else { return .refused }
        guard period >= advance.paidIn else { return .unusable }
        guard
            post(pair(period, "reversal", advance.currency, "bank:main", "advance:\(advance.party)", advance.amount))
        else { return .refused }
        advances[index].isCancelled = true
        advances[index].outstanding = 0
        return .done("new")
    }

    mutating func propose(_ reference: String, party: String, currency: String, _ proposal: WriteOff) -> Outcome {
        guard proposal.proposer != party else { return .refused }
        guard
            let advance = advances.first(where: {
                $0.reference == proposal.advance && $0.party == party && $0.currency == currency
            })
        else { return .unusable }
        if var old = writeOffs[reference] {
            old.approvers = []
            return old == proposal ? .done("unchanged") : .refused
        }
        guard proposal.amount <= advance.outstanding else { return .refused }
        writeOffs[reference] = proposal
        return .done("new")
    }

    /// The second of two others makes it true.
    mutating func approve(_ reference: String, by person: String, in period: Int) -> Outcome {
        guard var proposal = writeOffs[reference] else { return .unusable }
        guard let index = advances.firstIndex(where: { $0.reference == proposal.advance }) else { return .unusable }
        let advance = advances[index]
        guard person != advance.party, person != proposal.proposer else { return .refused }
        let count = proposal.approvers.count
        if proposal.approvers.contains(person) { return .done("\(count) unchanged") }
        guard count < 2 else { return .refused }
        if count == 1 {
            guard proposal.amount <= advance.outstanding,
                post(
                    pair(
                        period, "written_off", advance.currency, "adjust:writeoff", "advance:\(advance.party)",
                        proposal.amount))
            else { return .refused }
            advances[index].outstanding -= proposal.amount
        }
        proposal.approvers.append(person)
        writeOffs[reference] = proposal
        return .done("\(count + 1) new")
    }

    /// Never more than is owed, now and at the month's end.
    mutating func remit(_ remittance: Remittance, as reference: String) -> Outcome {
        if let old = remittances[reference] { return old == remittance ? .done("unchanged") : .refused }
        let owed = min(
            -balance("withholding:XX", remittance.currency),
            -balance("withholding:XX", remittance.currency, through: remittance.period))
        guard remittance.amount <= owed,
            post(
                pair(
                    remittance.period, "tax_remitted", remittance.currency, "withholding:XX", "bank:main",
                    remittance.amount))
        else { return .refused }
        remittances[reference] = remittance
        return .done("new")
    }

    mutating func closeAccount(_ party: String, from period: Int) -> Outcome {
        if let before = closedAccounts[party] { return before == period ? .done("unchanged") : .refused }
        guard period > closed, !settled.contains(period), opened?.contains(period) == true else { return .refused }
        closedAccounts[party] = period
        return .done("new")
    }
}
