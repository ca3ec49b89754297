import Glibc

extension RandomStream {
    /// A standard normal number (Box–Muller on two fresh words; the second of the two normals is not kept, so that the
    /// stream has no hidden state between calls).
    package mutating func normal() -> Double {
        let radius = 1 - uniform()  // in (0, 1]: the logarithm stays finite
        let angle = uniform()
        return (-2 * log(radius)).squareRoot() * cos(2 * Double.pi * angle)
    }

    /// Fills `buffer` with standard normal numbers, two for each 64-bit word.
    ///
    /// The contents depend on the stream's position and the buffer's length only. The 32-bit uniforms limit the tails
    /// to ±5.9, which is what single-precision noise images need.
    package mutating func fillNormal(_ buffer: UnsafeMutableBufferPointer<Float>) {
        var position = 0
        while position < buffer.count {
            let word = next()
            let radius = (Float(UInt32(truncatingIfNeeded: word) >> 8) + 0.5) * 0x1p-24
            let angle = Float(UInt32(truncatingIfNeeded: word >> 40)) * (2 * Float.pi * 0x1p-24)
            let length = (-2 * logf(radius)).squareRoot()
            buffer[position] = length * cosf(angle)
            if position + 1 < buffer.count { buffer[position + 1] = length * sinf(angle) }
            position += 2
        }
    }
}
