extension ReferenceLedger {
    /// An advance comes back whole, or not at all.
    mutating func cancel(_ reference: String, in period: Int) -> Outcome {
        guard let index = advances.firstIndex(where: { $0.reference == reference }) else { return .unusable }
        let advance = advances[index]
        if advance.isCancelled { return .done("unchanged") }
        guard period >= advance.paidIn else { return .unusable }
        guard advance.outstanding == advance.amount,
            post(pair(period, "reversal", advance.currency, "bank:main", "advance:\(advance.party)", advance.amount))
        else { return .refused }
        advances[index].isCancelled = true
        advances[index].outstanding = 0
        return .done("new")
    }

    mutating func propose(_ reference: String, _ proposal: WriteOff) -> Outcome {
        guard proposal.proposer != proposal.party else { return .refused }
        guard proposal.advance.isEmpty || advance(of: proposal) != nil else { return .unusable }
        if var old = writeOffs[reference] {
            old.approvers = []
            return old == proposal ? .done("unchanged") : .refused
        }
        guard proposal.amount <= debt(proposal, through: .max) else { return .refused }
        writeOffs[reference] = proposal
        return .done("new")
    }

    private func advance(of proposal: WriteOff) -> Int? {
        advances.firstIndex {
            $0.reference == proposal.advance && $0.party == proposal.party && $0.currency == proposal.currency
        }
    }

    /// What is left of the advance or, at the end of a month and now, of a balance below zero.
    private func debt(_ proposal: WriteOff, through period: Int) -> Int64 {
        if let index = advance(of: proposal) { return advances[index].outstanding }
        let code = "payable:\(proposal.party)"
        return max(0, min(balance(code, proposal.currency), balance(code, proposal.currency, through: period)))
    }

    /// The second of two others makes it true.
    mutating func approve(_ reference: String, by person: String, in period: Int) -> Outcome {
        guard var proposal = writeOffs[reference] else { return .unusable }
        guard person != proposal.party, person != proposal.proposer else { return .refused }
        let count = proposal.approvers.count
        if proposal.approvers.contains(person) { return .done("\(count) unchanged") }
        guard count < 2 else { return .refused }
        if count == 1 {
            let index = advance(of: proposal)
            if let index, period < advances[index].paidIn { return .unusable }
            let account = "\(index == nil ? "payable" : "advance"):\(proposal.party)"
            guard proposal.amount <= debt(proposal, through: period),
                post(
                    pair(period, "written_off", proposal.currency, "adjust:writeoff", account, proposal.amount))
            else { return .refused }
            if let index { advances[index].outstanding -= proposal.amount }
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
