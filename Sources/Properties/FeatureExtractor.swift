package import Images
package import Numerics

/// Turns pictures into vectors in which distance means difference; everything that is measured is measured on them.
///
/// An extractor is deterministic: the same pictures give the same bits.
package protocol FeatureExtractor: Sendable {
    /// A readable name that also tells versions apart; part of every digest of what was measured.
    var name: String { get }
    /// Features a picture.
    var dimension: Int { get }
    /// One row of ``dimension`` features for each picture.
    ///
    /// - Throws: ``LaurelError`` when the extractor cannot serve these pictures.
    func features(_ batch: ImageBatch) throws -> Matrix
}
