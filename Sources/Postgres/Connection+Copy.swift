import CLibPQ

extension Connection {
    /// Sends rows in COPY's text format, in chunks.
    func send(_ rows: some Sequence<[String?]>, by command: String, width: Int) throws -> Int {
        _ = try checked(PQexec(handle.pointer, command))
        do {
            var chunk: [UInt8] = []
            for row in rows {
                precondition(row.count == width, "a COPY row has as many values as there are columns")
                try CopyText.append(row, to: &chunk)
                if chunk.count >= 1 << 16 {
                    try put(chunk)
                    chunk.removeAll(keepingCapacity: true)
                }
            }
            try put(chunk)
        } catch {
            // Tells the server to forget what came so far; the connection is usable afterwards.
            PQputCopyEnd(handle.pointer, "stopped by the client")
            drain()
            throw error
        }
        guard PQputCopyEnd(handle.pointer, nil) == 1 else {
            throw PostgresError(sqlState: "08006", message: handle.lastMessage)
        }
        defer { drain() }
        return try checked(PQgetResult(handle.pointer)).affectedRows
    }

    private func put(_ chunk: [UInt8]) throws {
        let sent = chunk.withUnsafeBytes { bytes in
            PQputCopyData(handle.pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        }
        guard chunk.isEmpty || sent == 1 else {
            throw PostgresError(sqlState: "08006", message: handle.lastMessage)
        }
    }

    /// Receives all rows of a COPY.
    func receive(by command: String) throws -> [[String?]] {
        _ = try checked(PQexec(handle.pointer, command))
        defer { drain() }
        var rows: [[String?]] = []
        while true {
            var line: UnsafeMutablePointer<CChar>?
            // 0: wait for the next row.
            let count = PQgetCopyData(handle.pointer, &line, 0)
            guard count > 0, let line else { break }
            rows.append(CopyText.values(of: UnsafeRawBufferPointer(start: line, count: Int(count))))
            PQfreemem(line)
        }
        // The result behind the data says whether all of it came.
        _ = try checked(PQgetResult(handle.pointer))
        return rows
    }

    /// Takes the results that are still under way, so that the next statement can begin.
    private func drain() {
        while let result = PQgetResult(handle.pointer) { PQclear(result) }
    }
}
