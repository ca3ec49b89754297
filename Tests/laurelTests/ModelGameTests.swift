import Foundation
import TestSupport
import Testing

/// A credit run of Laurel's own model, as small as it can be: what is measured with is sealed, kept and held to.
@Suite struct ModelGameTests {
    /// Registers pictures with a column `kind`, and trains a tiny model on them.
    private func prepare(_ laurel: LaurelProgram) async throws {
        let manifest = try Gallery.hang(in: laurel.folder)
        let lines = try String(contentsOf: URL(filePath: manifest), encoding: .utf8).split(separator: "\n")
        let kinds = ["kind,note"] + lines.dropFirst().indices.map { "\($0 % 2 == 0 ? "round" : "square")," }
        try Data(zip(lines, kinds).map { "\($0),\($1)" }.joined(separator: "\n").utf8).write(
            to: URL(filePath: manifest))
        try Data(
            """
            {"architecture": {"side": 8, "base": 16, "multipliers": [1, 1], "blocks": 1},
             "training": {"steps": 2, "batch": 8}, "recovery": {"steps": 2, "batch": 8}, "pruning": {"multiple": 8}}
            """.utf8
        ).write(to: laurel.folder.appending(path: "tiny.json"))
        try Data(
            """
            {"extractor": "hand416-v1", "weights": \([Double](repeating: 0.25, count: 416)), "bias": 1}
            """.utf8
        ).write(to: laurel.folder.appending(path: "head.json"))
        try await laurel.succeed("dataset", "import", manifest)
        try await laurel.succeed("snapshot", "create", "--id", "october")
        try await laurel.succeed("model", "train", "--snapshot", "october", "--config", "tiny.json", "--id", "tiny")
    }

    private let game = [
        "--period", "2026-10", "--model", "tiny", "--coalitions", "4", "--end-repeats", "1", "--duplicates", "1",
        "--fine-tune-steps", "1", "--images", "6", "--format", "json",
    ]

    @Test func whatIsMeasuredWithIsSealedAndKept() async throws {
        try await LaurelProgram.withHome { laurel in
            try await prepare(laurel)
            func credit(_ verb: String, _ more: [String]) async throws -> LaurelProgram.Run {
                try await laurel.start(["credit", verb] + game + more).end()
            }
            let refused: [([String], says: String)] = [
                (["--property", "aesthetic"], "--aesthetic-head"),
                (["--property", "vendi_score", "--aesthetic-head", "head.json"], "no property reads it"),
                (["--property", "label_entropy", "--labels", "colour"], "8 of 8 pictures have no \"colour\""),
                (["--property", "label_entropy", "--labels", "note"], "8 of 8 pictures have no \"note\""),
                (["--property", "vendi_score", "--features", "clip"], "hand416-v1, classifier"),
                (["--property", "vendi_score", "--start", "pruned", "--baseline", "recovered"], "--start pruned"),
                (
                    ["--property", "aesthetic", "--aesthetic-head", "head.json", "--features", "classifier"],
                    "416 features of hand416-v1, not 64 of classifier"
                ),
            ]
            for (options, says) in refused {
                let run = try await credit("plan", options)
                #expect(run.status == 2 && run.errors.contains(says), "\(options): \(run.errors)")
            }

            let rules = [
                "--property", "aesthetic", "--property", "label_entropy", "--aesthetic-head", "head.json", "--labels",
                "kind",
            ]
            let plan = try #require(try await credit("plan", rules).json() as? [String: Any])
            let sealed = try ["reference_sha256", "classifier_sha256", "aesthetic_head_sha256"].map {
                try #require(plan[$0] as? String)
            }
            // The run needs the files that were sealed, as they were.
            let kept = laurel.folder.appending(path: "home/yardsticks/\(sealed[1]).json")
            let whole = try Data(contentsOf: kept)
            let changed = String(decoding: whole, as: UTF8.self).replacing("round", with: "oval!")
            try Data(changed.utf8).write(to: kept)
            let refusal = try await credit("run", [])
            #expect(refusal.status == 2 && refusal.errors.contains("not what the plan was sealed with"))
            try whole.write(to: kept)
            let run = try await credit("run", [])
            let report = try #require(try run.json() as? [String: Any], "\(run.errors)")
            #expect(report["state"] as? String == "estimated")
            #expect(report["plan_sha256"] as? String == plan["plan_sha256"] as? String)
            #expect((report["shares"] as? [Any])?.count == 4)

            // Another classifier measures otherwise, and that is another plan.
            let other = try await credit("plan", rules.dropLast() + ["contributor"])
            #expect(other.status == 4 && other.errors.contains("yardstick.classifier_sha256"), "\(other.errors)")
            let superseding = try await credit(
                "plan", ["--property", "frechet_distance", "--features", "classifier", "--supersede"])
            let next = try #require(try superseding.json() as? [String: Any], "\(superseding.errors)")
            #expect(next["features"] as? String == "classifier")
            #expect(next["reference_sha256"] as? String != sealed[0])
            let last = try await credit("run", [])
            #expect(last.status == 0, "\(last.errors)")
        }
    }
}
