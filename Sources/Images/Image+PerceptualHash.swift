import Foundation

extension Image {
    /// A 64-bit fingerprint that survives scaling, recompression and small edits; compare by Hamming distance.
    ///
    /// The DCT hash: luma stretched to 32×32, the 8×8 lowest frequencies of its cosine transform, one bit each for
    /// "above the median". Bit 63 is the constant term (brighter than mid-grey), the others follow row by row.
    /// Coefficients are compared on a grid of 1/64 grey level, so that rounding never decides and a plain area gives 0.
    package var perceptualHash: UInt64 {
        let side = Self.hashSide
        let luma = converted(toChannels: 1).resampled(width: side, height: side).pixels
        let kept = 8
        var rows = [Double](repeating: 0, count: side * kept)
        for y in 0..<side {
            for u in 0..<kept {
                rows[y * kept + u] = (0..<side).reduce(0) {
                    $0 + Double(luma[y * side + $1]) * Self.cosines[u * side + $1]
                }
            }
        }
        var coefficients = [Int]()
        for v in 0..<kept {
            for u in 0..<kept {
                let sum = (0..<side).reduce(0) { $0 + rows[$1 * kept + u] * Self.cosines[v * side + $1] }
                coefficients.append(Int((sum / Double(side * side) * 64).rounded()))
            }
        }
        let median = coefficients.dropFirst().sorted()[31]
        var hash: UInt64 = coefficients[0] > 128 * 64 ? 1 : 0
        for coefficient in coefficients.dropFirst() {
            hash = hash << 1 | (coefficient > median ? 1 : 0)
        }
        return hash
    }

    private static let hashSide = 32

    /// `cos(π u (x + ½) / 32)` for the eight lowest frequencies `u`.
    private static let cosines: [Double] = (0..<8).flatMap { u in
        (0..<hashSide).map { x in cos(Double.pi * Double(u) * (Double(x) + 0.5) / Double(hashSide)) }
    }
}
