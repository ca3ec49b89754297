import Errors
import Foundation
import Numerics
import Postgres
import Schema
import Statements

/// Looks at everything that a month depends on and says what is wrong, changing nothing.
package enum DoctorService {
    /// What one look found.
    package struct Finding: Sendable {
        /// What was looked at, in a word.
        package let subject: String
        /// Whether it is as it should be.
        package let isFine: Bool
        /// What it is; when it is not fine, with what to do next.
        package let detail: String
    }

    /// All findings, one line each; a failing look does not keep the others from happening.
    package static func examine(_ address: House.Address) async -> [Finding] {
        var findings = [
            Finding(subject: "libpq", isFine: true, detail: ClientLibrary.version),
            Finding(subject: "kernels", isFine: true, detail: NetworkContext.kernelName),
        ]
        findings.append(await look("home") { try home(address) })
        findings.append(await look("disk") { try disk(address.home) })
        findings.append(await look("database") { try await database(address) })
        findings.append(await look("keys") { try keys(address.home) })
        return findings
    }

    private static func look(_ subject: String, _ find: () async throws -> String) async -> Finding {
        do {
            return Finding(subject: subject, isFine: true, detail: try await find())
        } catch let error as LaurelError {
            return Finding(subject: subject, isFine: false, detail: error.description)
        } catch let error as PostgresError {
            return Finding(subject: subject, isFine: false, detail: error.asLaurelError().description)
        } catch {
            return Finding(subject: subject, isFine: false, detail: error.localizedDescription)
        }
    }

    private static func home(_ address: House.Address) throws -> String {
        guard address.isInitialised else {
            throw LaurelError.refused("not a Laurel home", at: address.home.path, next: "run laurel init")
        }
        let settings = try HouseSettings.read(from: address.home)
        return "\(address.home.path), issuer \(settings.issuer), \(settings.currency)"
    }

    /// Below this much free space a month's models and statements may not fit.
    private static let leastFreeBytes = 1 << 30

    private static func disk(_ home: URL) throws -> String {
        let attributes = try FileManager.default.attributesOfFileSystem(forPath: home.path)
        guard let free = (attributes[.systemFreeSize] as? NSNumber)?.intValue else {
            throw LaurelError.environment("the free space cannot be told", at: home.path)
        }
        guard free >= leastFreeBytes else {
            throw LaurelError.environment(
                "less than 1 GiB is free (\(free >> 20) MiB)", at: home.path, next: "make room there")
        }
        return "\(free >> 30) GiB free"
    }

    private static func database(_ address: House.Address) async throws -> String {
        let house = try await House.open(address)
        let row = try await house.database.query(
            """
            SELECT current_setting('server_version') AS version,
                   pg_size_pretty(pg_database_size(current_database())) AS size,
                   (SELECT count(*) FROM public.schema_migration) AS migrations
            """)[0]
        let version = try row.get("version", as: String.self)
        let size = try row.get("size", as: String.self)
        return "PostgreSQL \(version), \(size), \(try row.get("migrations", as: Int.self)) migrations, up to date"
    }

    private static func keys(_ home: URL) throws -> String {
        let store = KeyStore(directory: home.appending(path: "keys"))
        // The root key may be carried away; it is needed for changes of keys only.
        let needed = KeyUse.allCases.filter { $0 != .root }
        if let missing = try needed.first(where: { try store.key($0) == nil }) {
            throw LaurelError.environment(
                "the \(missing.rawValue) key is missing", at: store.directory.path,
                next: "restore it from your backup, or laurel keys rotate \(missing.rawValue)")
        }
        return needed.map(\.rawValue).joined(separator: ", ")
    }
}
