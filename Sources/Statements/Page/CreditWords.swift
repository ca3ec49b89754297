import Foundation

/// What the properties of a model are called on a statement, for readers who never heard of them.
enum PropertyWords {
    static func name(_ property: String) -> String {
        words[property]?.name ?? property
    }

    static func meaning(_ property: String) -> String {
        words[property]?.meaning ?? "a property measured on generated pictures"
    }

    private static let words: [String: (name: String, meaning: String)] = [
        "inception_score": ("Inception Score", "how clear and how varied the generated pictures are"),
        "frechet_distance": ("Fréchet distance", "how close generated pictures are to real ones"),
        "precision": ("Precision", "how many generated pictures look like real ones"),
        "recall": ("Recall", "how many kinds of real pictures the model can make"),
        "density": ("Density", "how firmly generated pictures sit among real ones"),
        "coverage": ("Coverage", "how much of the real pictures' range is reached"),
        "cluster_entropy": ("Cluster entropy", "how evenly the model draws from all styles"),
        "soft_cluster_entropy": ("Soft cluster entropy", "how evenly the model draws from all styles"),
        "published_cluster_entropy": ("Cluster entropy as published", "how evenly the model draws from all styles"),
        "label_inception_score": (
            "Inception Score over labels", "how clearly and how variedly it draws like each of them"
        ),
        "label_entropy": ("Label entropy", "how evenly the model draws like each contributor"),
        "realism": ("Realism", "how close single generated pictures come to real ones"),
        "vendi_score": ("Vendi Score", "how many truly different pictures the model makes"),
        "pixel_entropy": ("Pixel entropy", "how rich in tone the generated pictures are"),
        "aesthetic": ("Aesthetic score", "how pleasing the generated pictures are rated"),
    ]
}

/// A credit and its interval on a line with zero, in thousandths of the drawing.
struct IntervalBar {
    let view: [String: Any]

    init(_ credit: StatementInput.Credit) {
        // Doubles place marks on a page; the numbers beside them are the texts that were signed.
        let numbers = [credit.low, credit.value, credit.high].map { Double($0) ?? 0 }
        let (low, high) = (min(0, numbers[0]), max(0, numbers[2]))
        let span = high > low ? high - low : 1
        func place(_ number: Double) -> Int { 40 + Int(((number - low) / span * 920).rounded()) }
        view = [
            "low": place(numbers[0]), "width": max(2, place(numbers[2]) - place(numbers[0])),
            "value": place(numbers[1]), "zero": place(0),
        ]
    }
}
