import Credit
import Documents
import Errors
import Testing

@Suite("Credit plans")
struct CreditPlanTests {
    @Test("A plan reads back from its bytes")
    func roundTrip() throws {
        let (plan, _) = try Sample.plan()
        #expect(try CreditPlan(parsing: plan.document.encoded()) == plan)
    }

    @Test("The digest of a plan stays what it was when it was sealed")
    func digestIsStable() throws {
        let (plan, tasks) = try Sample.plan()
        #expect(tasks.digest.hex == Golden.tasks)
        let digest = try plan.document.digest().hex
        #expect(digest == Golden.plan)
    }

    @Test("What differs between two plans is named, the run's id is not")
    func differences() throws {
        let (plan, _) = try Sample.plan()
        let (other, _) = try Sample.plan(run: "run-2026-10-2", coalitions: 30, seed: 8)
        #expect(plan.differences(from: plan.renamed("run-2026-10-2")).isEmpty)
        #expect(
            other.differences(from: plan) == [
                "design.coalitions: 20 planned, 30 asked for", "seed: 7 planned, 8 asked for",
            ])
    }

    @Test("A stored plan of another shape is a failed check with its path")
    func damagedPlan() throws {
        let damaged: CanonicalValue = ["$schema": "laurel.credit-plan.v1", "run": "run-2026-10-1"]
        #expect(throws: LaurelError.self) {
            try CreditPlan(parsing: damaged.encoded())
        }
    }

    @Test(
        "A property may carry a weight, and colons of its own",
        arguments: [
            ("vendi_score", "vendi_score", 1_000_000), ("vendi_score:0.5", "vendi_score", 500_000),
            ("quantile:aesthetic:0.9", "quantile:aesthetic:0.9", 1_000_000),
            ("quantile:aesthetic:0.9:2", "quantile:aesthetic:0.9", 2_000_000),
        ])
    func weights(_ text: String, _ name: String, _ millionths: Int64) throws {
        let split = try WeightedProperty.split(text)
        #expect(split.name == name)
        #expect(split.weightMillionths == millionths)
    }

    @Test(
        "A weight that is no positive decimal is refused",
        arguments: ["", "v:", "v:0", "v:-1", "v:1e3", "v:0.0000001", "v:٣", "v:1:2", ":1", "v w"])
    func badWeights(_ text: String) {
        #expect(throws: LaurelError.self) { try WeightedProperty.split(text) }
    }
}

/// Digests taken when the format was fixed, the plan's with Python's json and hashlib; they change only with the format's
/// version.
private enum Golden {
    static let tasks = "4df514b2fe67e0d218672908918c90ca6fcb0fe42e74c77dbc60b9fda64d2ea6"
    static let plan = "75d3484a8ea02a5f545534a2db1a4831fb37aad26a53254233db72097df7bf95"
}
