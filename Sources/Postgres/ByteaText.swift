import Documents

/// The hexadecimal text form of `bytea`: `\x00ff`.
package enum ByteaText {
    /// What COPY and arrays take.
    package static func text(of bytes: [UInt8]) -> String { "\\x" + Hex.text(bytes) }

    /// The bytes of what the server writes; nil when it is something else.
    static func bytes(of text: String) -> [UInt8]? {
        text.hasPrefix("\\x") ? Hex.bytes(String(text.dropFirst(2))) : nil
    }
}
