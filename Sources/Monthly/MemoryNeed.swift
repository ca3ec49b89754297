import Diffusion
import Errors
import Foundation

/// The memory that a computation will take, known before hours are spent on it.
struct MemoryNeed {
    private let bytes: Double

    /// One course of training, with the loss that is measured at its end.
    init(training architecture: Architecture, batch: Int) {
        bytes = Layout(architecture).estimatedCourseBytes(batch: batch)
    }

    /// Workers that fine-tune and sample beside each other.
    init(workers: Int, _ recipe: Recipe, batch: Int) {
        bytes = Double(workers) * Layout(recipe.architecture).estimatedWorkspaceBytes(batch: batch)
    }

    /// - Throws: ``LaurelError`` of kind `environment` when it is more than four fifths of the machine's memory, or of what
    ///   its control group allows.
    func require(at place: String, next remedy: String) throws(LaurelError) {
        let present = Double(min(ProcessInfo.processInfo.physicalMemory, MemoryNeed.allowed))
        guard bytes < present * 0.8 else {
            throw .environment(
                "about \(MemoryNeed.text(bytes)) of memory are needed and there are \(MemoryNeed.text(present))",
                at: place, next: remedy)
        }
    }

    private static func text(_ bytes: Double) -> String { String(format: "%.1f GB", bytes / 1e9) }

    /// What the control group of a container allows; there is none on a plain machine.
    private static var allowed: UInt64 {
        guard let data = FileManager.default.contents(atPath: "/sys/fs/cgroup/memory.max") else { return .max }
        return UInt64(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)) ?? .max
    }
}
