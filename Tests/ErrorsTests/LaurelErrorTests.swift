import Errors
import Testing

@Suite("Errors a person reads")
struct LaurelErrorTests {
    @Test("An error is one line: what went wrong, where, what to do next")
    func oneLine() {
        let error = LaurelError.input("column licence\nis missing", at: "m.csv:1", next: "add it")
        #expect(error.description == "column licence is missing: m.csv:1: add it")
    }

    @Test("Exit statuses are those of the contract")
    func exitStatuses() {
        #expect(LaurelError.Kind.allCases.map(\.exitStatus) == [1, 2, 3, 4, 5, 130])
    }
}
